#!/bin/bash
# Guacamole's server: speaks VNC to x11vnc for the page that tomcat serves.
# shellcheck source=data/image/rootfs/usr/lib/desktop-control/wrapper.sh
source /usr/lib/desktop-control/wrapper.sh

start_as user "$@"
exec /usr/local/sbin/guacd -f -b 127.0.0.1 -l 4822 -L info
