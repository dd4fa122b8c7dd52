#!/bin/bash
# Serves the display to VNC viewers.
# shellcheck source=data/image/rootfs/usr/lib/desktop-control/wrapper.sh
source /usr/lib/desktop-control/wrapper.sh

# In a folder of root's, so that nobody else can put a file or link of that name there first.
readonly PASSWORD_FILE=/var/lib/desktop-control/vnc-password
# Whose password that is, in a word.
readonly SOURCE_FILE=$PASSWORD_FILE.source

prepare_as_root() {
    local file
    [[ -d ${PASSWORD_FILE%/*} ]] || install -d -m 0755 "${PASSWORD_FILE%/*}"
    for file in "$PASSWORD_FILE" "$SOURCE_FILE"; do
        [[ -f $file ]] || install -m 0600 -o "$DESKTOP_USER" -g "$(id -g "$DESKTOP_USER")" /dev/null "$file"
    done
}

# What was set through Desktop Control, else what the container brings, else one that is made up
# once. VNC itself looks at the first eight characters only.
settle_password() {
    local source=ours
    if [[ -n ${DESKTOP_CONTROL_VNC_PASSWORD:-} ]]; then
        printf '%s\n' "$DESKTOP_CONTROL_VNC_PASSWORD" >"$PASSWORD_FILE"
    elif [[ -n ${VNC_PASSWORD:-} ]]; then
        source=environment
        printf '%s\n' "$VNC_PASSWORD" >"$PASSWORD_FILE"
    elif [[ -n ${OPEN_BUTTON_TOKEN:-} ]]; then
        source=instance-token
        printf '%s\n' "${OPEN_BUTTON_TOKEN::8}" >"$PASSWORD_FILE"
    elif [[ ! -s $PASSWORD_FILE || $(<"$SOURCE_FILE") =~ ^(environment|instance-token)$ ]]; then
        # Without letters and digits that look alike.
        head -c 512 /dev/urandom | LC_ALL=C tr -dc '2-9A-HJ-NP-Za-km-z' | cut -c1-8 >"$PASSWORD_FILE"
    fi
    echo "$source" >"$SOURCE_FILE"
    unset DESKTOP_CONTROL_VNC_PASSWORD VNC_PASSWORD
}

start_as user "$@"
end_if_turned_off "$DESKTOP_CONTROL_VNC"
settle_password
wait_for "the display $DISPLAY" 30 display_is_ready
manner=()
if [[ $DESKTOP_CONTROL_VNC_EXPOSURE != all ]]; then manner+=(-localhost); fi
if [[ $DESKTOP_CONTROL_VNC_VIEW_ONLY == on ]]; then manner+=(-viewonly); fi
# One viewer at a time is the newest: who comes again must not wait until the old connection is given up.
if [[ $DESKTOP_CONTROL_VNC_SHARED == off ]]; then manner+=(-nevershared); else manner+=(-shared); fi
# 'read:' has the file read again for each viewer.
exec x11vnc -display "$DISPLAY" -auth "$XAUTHORITY" -rfbport "$VNC_PORT" "${manner[@]}" -noipv6 \
    -passwdfile "read:$PASSWORD_FILE" -forever -xrandr resize -noxrecord \
    -norc -nolookup -q
