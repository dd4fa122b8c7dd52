#!/bin/bash
# Serves the display to VNC viewers.
# shellcheck source=data/image/rootfs/usr/lib/desktop-control/wrapper.sh
source /usr/lib/desktop-control/wrapper.sh

# In a folder of root's, so that nobody else can put a file or link of that name there first.
readonly PASSWORD_FILE=/var/lib/desktop-control/vnc-password

prepare_as_root() {
    [[ -d ${PASSWORD_FILE%/*} ]] || install -d -m 0755 "${PASSWORD_FILE%/*}"
    [[ -f $PASSWORD_FILE ]] || install -m 0600 -o "$DESKTOP_USER" -g "$(id -g "$DESKTOP_USER")" \
        /dev/null "$PASSWORD_FILE"
}

# VNC itself looks at the first eight characters only.
settle_password() {
    if [[ -n ${VNC_PASSWORD:-} ]]; then
        printf '%s\n' "$VNC_PASSWORD" >"$PASSWORD_FILE"
    elif [[ ! -s $PASSWORD_FILE ]]; then
        # Without letters and digits that look alike.
        head -c 512 /dev/urandom | LC_ALL=C tr -dc '2-9A-HJ-NP-Za-km-z' | cut -c1-8 >"$PASSWORD_FILE"
    fi
    unset VNC_PASSWORD
}

start_as user "$@"
settle_password
wait_for "the display $DISPLAY" 30 display_is_ready
reach=(-localhost)
if [[ $DESKTOP_CONTROL_VNC_EXPOSURE == all ]]; then reach=(); fi
# 'read:' has the file read again for each viewer, so a new password needs no restart.
exec x11vnc -display "$DISPLAY" -auth "$XAUTHORITY" -rfbport "$VNC_PORT" "${reach[@]}" -noipv6 \
    -passwdfile "read:$PASSWORD_FILE" -forever -shared -xrandr resize -noxrecord \
    -norc -nolookup -q
