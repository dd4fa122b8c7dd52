# shellcheck shell=bash
# Who the desktop user is and where the session's sockets are. Sourced, never executed.

readonly DESKTOP_USER=user
readonly DESKTOP_UID=1001

# The session's identity is fact, not setting: it is set last, over anything an environment file says.
session_environment() {
    export HOME=/home/$DESKTOP_USER USER=$DESKTOP_USER LOGNAME=$DESKTOP_USER SHELL=/bin/bash
    export XDG_RUNTIME_DIR=/run/user/$DESKTOP_UID
    export DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/dbus/session_bus_socket
    export XAUTHORITY=$XDG_RUNTIME_DIR/Xauthority
    export PIPEWIRE_RUNTIME_DIR=$XDG_RUNTIME_DIR PULSE_RUNTIME_PATH=$XDG_RUNTIME_DIR/pulse
    export PULSE_SERVER=unix:$PULSE_RUNTIME_PATH/native
    export XDG_SESSION_TYPE=x11
    if [[ $DESKTOP == plasma ]]; then
        # Compositing costs CPU for every frame on a software renderer and gains nothing in a stream.
        export XDG_CURRENT_DESKTOP=KDE DESKTOP_SESSION=plasma KWIN_COMPOSE=N
    fi
}

# become_user COMMAND…: replaces this process, keeping its pid, so that whoever started it still
# holds the right one. It ends with its parent: no server is left behind by a killed supervisord.
become_user() {
    exec setpriv --reuid="$DESKTOP_USER" --regid="$(id -g "$DESKTOP_USER")" --init-groups \
        --pdeathsig TERM -- "$@"
}

# import_environment <FILE: exports what the shell code on standard input sets. It runs in a child
# with a time limit, so that an `exit`, a syntax error or an endless loop in it cannot take the
# service down; what it set until then still counts. Only for code that this account may trust.
import_environment() {
    local pair
    # shellcheck disable=SC2016 # expands in the child
    while IFS= read -r -d '' pair; do
        [[ $pair =~ ^[A-Za-z_][A-Za-z0-9_]*= ]] || continue
        case $pair in _=* | SHLVL=* | PWD=* | OLDPWD=* | PROC_NAME=*) continue ;; esac
        export "${pair?}"
    done < <(env -u BASH_ENV timeout -k 1 5 bash -c \
        'exec 3>&1 >&2; trap "env -0 >&3" EXIT; set -a; eval "$(cat)"')
}
