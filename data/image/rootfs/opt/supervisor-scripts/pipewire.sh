#!/bin/bash
# The sound graph.
# shellcheck source=data/image/rootfs/usr/lib/desktop-control/wrapper.sh
source /usr/lib/desktop-control/wrapper.sh

start_as user "$@"
wait_for "the session bus" 30 session_bus
exec pipewire
