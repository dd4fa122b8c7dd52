#!/bin/bash
# VNC in a browser: noVNC's page, and a gateway from WebSocket to x11vnc.
# shellcheck source=data/image/rootfs/usr/lib/desktop-control/wrapper.sh
source /usr/lib/desktop-control/wrapper.sh

start_as user "$@"
end_if_turned_off "$DESKTOP_CONTROL_NOVNC"
exec websockify --web=/usr/share/novnc --heartbeat=30 "127.0.0.1:$NOVNC_PORT" "127.0.0.1:$VNC_PORT"
