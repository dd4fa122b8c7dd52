#!/bin/bash
# The desktop user's session bus.
# shellcheck source=data/image/rootfs/usr/lib/desktop-control/wrapper.sh
source /usr/lib/desktop-control/wrapper.sh

start_as user "$@"
wait_for "the system bus" 30 system_bus
install -d -m 0700 "$XDG_RUNTIME_DIR/dbus"
exec dbus-daemon --config-file=/etc/dbus-1/container-session.conf --nofork --nopidfile --nosyslog
