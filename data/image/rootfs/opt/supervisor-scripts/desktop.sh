#!/bin/bash
# The desktop itself: KDE Plasma, or openbox where DESKTOP says so.
# shellcheck source=data/image/rootfs/usr/lib/desktop-control/wrapper.sh
source /usr/lib/desktop-control/wrapper.sh

start_as user "$@"
wait_for "the display $DISPLAY" 30 display_is_ready
wait_for "the session bus" 30 session_bus
case $DESKTOP in
plasma) exec startplasma-x11 ;;
openbox)
    # Against a black root, a stream without a picture would look the same.
    xsetroot -solid '#2e3440'
    exec openbox-session
    ;;
*) fail "DESKTOP is '$DESKTOP'; it can be plasma or openbox" ;;
esac
