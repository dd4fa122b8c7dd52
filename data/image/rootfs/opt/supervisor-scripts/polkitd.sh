#!/bin/bash
# Answers who may do what on the system bus.
# shellcheck source=data/image/rootfs/usr/lib/desktop-control/wrapper.sh
source /usr/lib/desktop-control/wrapper.sh

start_as root "$@"
wait_for "the system bus" 30 system_bus
# The bus starts a polkitd of its own when someone asks before this one is up: take its name over.
exec /usr/lib/polkit-1/polkitd --no-debug --replace
