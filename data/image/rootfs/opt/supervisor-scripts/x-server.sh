#!/bin/bash
# The display: Xvfb with a frame buffer of the largest size, cut down to the wanted one by RANDR.
# shellcheck source=data/image/rootfs/usr/lib/desktop-control/wrapper.sh
source /usr/lib/desktop-control/wrapper.sh

readonly FRAME_BUFFER=8192x4096

prepare_as_root() { install -d -m 1777 /tmp/.X11-unix /tmp/.ICE-unix; }

# Lock and socket outlive a container's restart. They are ours to clear only for our own display,
# and only when nobody answers there.
clear_stale_display() {
    local number=$1
    if socket_accepts "/tmp/.X11-unix/X$number"; then
        fail "another X server already answers on display :$number"
    fi
    rm -f "/tmp/.X11-unix/X$number" "/tmp/.X$number-lock"
}

# A new secret for each server. The address family is made 'any', so that a change of the host name
# locks nobody out; the secret goes through standard input, not the command line.
make_xauthority() {
    local number=$1 file
    file=$(mktemp "$XDG_RUNTIME_DIR/.Xauthority.XXXXXX")
    echo "add :$number MIT-MAGIC-COOKIE-1 $(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')" |
        xauth -q -f "$file" source - 2>/dev/null
    xauth -q -f "$file" nlist | sed 's/^..../ffff/' >"$file.any"
    rm -f "$file"
    xauth -q -f "$file" nmerge "$file.any" 2>/dev/null
    rm -f "$file.any"
    mv -f "$file" "$XAUTHORITY"
}

set_up_display() {
    wait_for "the X server" 20 timeout 2 xset q
    xset s off s noblank || say "could not turn the screen saver off"
    xset -dpms 2>/dev/null || true # Xvfb has no power saving to turn off; another server may
    set_size "$DISPLAY_SIZEW" "$DISPLAY_SIZEH" ||
        say "could not set the size ${DISPLAY_SIZEW}x$DISPLAY_SIZEH; the display stays at $FRAME_BUFFER"
    xprop -root -f "$DISPLAY_READY" 8s -set "$DISPLAY_READY" 1
}

set_size() {
    local modeline
    modeline=$(cvt "$1" "$2" 60 | sed -n 's/^Modeline "[^"]*"//p')
    [[ -n $modeline ]] || return 1
    # shellcheck disable=SC2086 # a mode line is many words
    xrandr --newmode "${1}x$2" $modeline && xrandr --addmode screen "${1}x$2" &&
        xrandr --output screen --mode "${1}x$2"
}

start_as user "$@"
number=${DISPLAY#*:}
number=${number%%.*}
clear_stale_display "$number"
make_xauthority "$number"
# Twice removed, so that the helper becomes a child of process 1: Xvfb would never reap it.
(set_up_display &)
# NVIDIA's EGL wants a real display and ends Xvfb; Mesa's does for software rendering.
if [[ -e /usr/share/glvnd/egl_vendor.d/50_mesa.json ]]; then
    export __EGL_VENDOR_LIBRARY_FILENAMES=/usr/share/glvnd/egl_vendor.d/50_mesa.json
fi
exec Xvfb ":$number" -screen 0 "${FRAME_BUFFER}x$DISPLAY_CDEPTH" -dpi "$DISPLAY_DPI" \
    -auth "$XAUTHORITY" -nolisten tcp -nolisten local -noreset \
    +extension COMPOSITE +extension DAMAGE +extension GLX +extension RANDR +extension RENDER \
    +extension MIT-SHM +extension XFIXES +extension XTEST +iglx
