# shellcheck shell=bash
# What the wrappers in /opt/supervisor-scripts share. Sourced, never executed.
#
# supervisord starts every wrapper as root, and `start_as user` drops to the desktop user by
# executing the wrapper a second time. Root is needed for two things only: the log files lie where
# the user may not rotate them, and a settings file under trial is root's to rename. Nothing that
# the desktop user can write is read before the drop.

set -euo pipefail
# shellcheck source=data/image/rootfs/usr/lib/desktop-control/session.sh
source /usr/lib/desktop-control/session.sh

readonly NAME=${PROC_NAME:-$(basename "$0" .sh)}
readonly SETTINGS=/etc/desktop-control/env.d/$NAME.env
# The open settings file crosses the drop under this number: the file itself may be root's alone.
readonly SETTINGS_FD=9

say() { echo "$NAME: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

# start_as root|user "$@": first call of every wrapper. After it, output goes to the log files, the
# process runs as that account and the environment is complete. A function `prepare_as_root`, if
# the wrapper has one, runs before the drop.
start_as() {
    local account=$1 stage=${2:-}
    if [[ $stage != --as-user ]]; then
        open_sinks
        take_settings
        if ((EUID == 0)); then
            [[ $account == root ]] || install -d -m 0700 -o "$DESKTOP_USER" -g "$(id -g "$DESKTOP_USER")" \
                "/run/user/$DESKTOP_UID"
            if declare -F prepare_as_root >/dev/null; then prepare_as_root; fi
            [[ $account == root ]] || become_user "$0" --as-user
        fi
    fi
    # Before passwords come into the environment, which children hand on.
    end_leftovers
    complete_environment "$account"
}

# Raw bytes to /var/log/portal, clean lines to /var/log, and to supervisord. The writer ignores the
# signals that stop the service and ends with its input, so the last words are kept.
open_sinks() {
    local raw=/var/log/portal/$NAME.log
    [[ -d /var/log/portal ]] || install -d -m 1777 /var/log/portal
    if type -P log-tee >/dev/null; then
        keep_one_generation "$raw"
        exec > >(ignore_stops; exec log-tee "$raw") 2>&1
    elif [[ -x /usr/bin/desktop-controld ]]; then
        exec > >(ignore_stops; exec /usr/bin/desktop-controld log-tee "$NAME") 2>&1
    else
        keep_one_generation "$raw"
        exec > >(ignore_stops; exec tee -a "$raw") 2>&1
    fi
}

ignore_stops() { trap '' TERM INT HUP; }

keep_one_generation() {
    [[ ! -f $1 ]] || mv -f -- "$1" "$1.old" || true
}

# A trial holds for one start: once renamed, every later start finds the settings kept before. It
# stands instead of them, not on top, so that a trial can also take a setting away. Its first line
# names the supervisord that it is for: after a restart of everything nobody waits for its end. That
# .used is there tells the daemon that this very start is the trial.
take_settings() {
    local file=$SETTINGS first=''
    rm -f -- "$SETTINGS.used" || true
    if [[ -f $SETTINGS.trial ]]; then
        read -r first <"$SETTINGS.trial" || true
        if [[ $first != "# for supervisord $(identity "$PPID") alone" ]]; then
            say "leaving out settings under trial, which are of before the last restart of everything"
            rm -f -- "$SETTINGS.trial"
        elif mv -f -- "$SETTINGS.trial" "$SETTINGS.used"; then
            say "starting with the settings under trial"
            file=$SETTINGS.used
        fi
    fi
    if [[ -r $file ]]; then eval "exec $SETTINGS_FD<\"\$file\""; fi
}

# identity PID: the process and its start time, proc(5) field 22. Its name may hold anything but is
# in brackets, so what follows the last one is counted.
identity() {
    local stat
    stat=$(<"/proc/$1/stat")
    # shellcheck disable=SC2086 # into words
    set -- "$1" ${stat##*) }
    echo "$1 ${21}"
}

# Rank, low to high: defaults, container environment, /etc/environment, the workspace's .env, our
# own settings, the session's identity. Root reads neither of the two files: in images where the
# user's group is root's, the user can write both.
complete_environment() {
    local account=$1
    if [[ $account == user ]]; then
        import_file /etc/environment
        import_file "${WORKSPACE:-/workspace}/.env"
    fi
    if [[ -e /proc/self/fd/$SETTINGS_FD ]]; then
        import_environment <&"$SETTINGS_FD"
        eval "exec $SETTINGS_FD<&-"
    fi
    # shellcheck source=data/image/rootfs/usr/lib/desktop-control/defaults.sh
    source /usr/lib/desktop-control/defaults.sh
    if [[ $account == user ]]; then
        session_environment
        cd "$HOME"
    fi
}

# A service that is turned off in its settings ends with this status, and its unit takes that for its
# end (exitcodes, autorestart=unexpected). What ends within startsecs would be started again.
readonly TURNED_OFF=79
readonly TURNED_OFF_AFTER=4

# end_if_turned_off on|off: ends the wrapper where the service is turned off.
end_if_turned_off() {
    [[ $1 == off ]] || return 0
    say "turned off in the settings"
    sleep "$TURNED_OFF_AFTER"
    exit "$TURNED_OFF"
}

# When a unit's server is killed, its children stay, and some (Plasma's session) keep the next start
# from working. They are told by the unit's name in their environment and by a process group whose
# leader, the killed server, is gone; a program that made a group of its own is left alone.
end_leftovers() {
    local -a left=()
    mapfile -t left < <(leftovers)
    ((${#left[@]})) || return 0
    say "ending what the last start left behind: ${left[*]}"
    kill -TERM "${left[@]}" 2>/dev/null || true
    for _ in {1..30}; do
        mapfile -t left < <(leftovers)
        ((${#left[@]})) || return 0
        sleep 0.1
    done
    kill -KILL "${left[@]}" 2>/dev/null || true
}

leftovers() {
    local file pid group
    while read -r file; do
        pid=${file#/proc/} pid=${pid%/environ}
        group=$(sed -E 's/^.*\) \S+ \S+ (\S+) .*/\1/' "/proc/$pid/stat" 2>/dev/null) || continue
        [[ $group == 0 || -d /proc/$group ]] || echo "$pid"
    done < <(grep -lzxs "PROC_NAME=$NAME" /proc/[0-9]*/environ)
}

import_file() {
    if [[ -f $1 && -r $1 ]]; then import_environment <"$1"; fi
}

# wait_for WHAT SECONDS COMMAND…: returns once COMMAND succeeds; ends the wrapper when it does not
# in time. COMMAND must really use the thing: /run and /tmp outlive a container's restart, so that
# a socket file proves nothing.
wait_for() {
    local what=$1 seconds=$2 deadline
    shift 2
    deadline=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || fail "$what did not answer within $seconds seconds; giving up this start"
        sleep 0.2
    done
}

bus_answers() {
    timeout 2 dbus-send "$1" --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus.GetId
}

system_bus() { bus_answers --system; }
session_bus() { bus_answers --session; }

# x-server sets this property once the screen has its size; it dies with the server.
readonly DISPLAY_READY=DESKTOP_CONTROL_READY
display_is_ready() { timeout 2 xprop -root "$DISPLAY_READY" | grep -q ' = '; }

socket_accepts() {
    # shellcheck disable=SC2016 # that is Perl
    timeout 2 perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0) && connect(S, sockaddr_un($ARGV[0])) or exit 1' "$1"
}

audio_server() { socket_accepts "$PULSE_RUNTIME_PATH/native"; }

pipewire_server() { socket_accepts "$PIPEWIRE_RUNTIME_DIR/pipewire-0"; }
