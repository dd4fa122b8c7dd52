#!/bin/bash
# Streams the display to browsers.
# shellcheck source=data/image/rootfs/usr/lib/desktop-control/wrapper.sh
source /usr/lib/desktop-control/wrapper.sh

# When the display's server dies, Selkies lives on, healthy to all appearance, and shows the next one;
# but no key and no click arrives there any more. So it is ended with the server it was started for.
end_with_display() {
    # shellcheck disable=SC2016 # expands in the inner shell
    setpriv --pdeathsig TERM bash -c \
        'xprop -spy -root "$1" >/dev/null 2>&1; echo "selkies: the display has ended"; kill "$PPID"' \
        watch "$DISPLAY_READY" &
}

start_as user "$@"
wait_for "the display $DISPLAY" 30 display_is_ready
# Without basic auth whoever reaches the port sees the desktop, so it listens on this machine only;
# what publishes it (a portal, an SSH tunnel) is what authenticates.
export SELKIES_ENABLE_BASIC_AUTH=${SELKIES_ENABLE_BASIC_AUTH:-false}
end_with_display
exec /opt/selkies/bin/selkies --addr=127.0.0.1 --port="$SELKIES_PORT" --enable-metrics-http=true
