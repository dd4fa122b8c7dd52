#!/bin/bash
# Decides which sound goes where.
# shellcheck source=data/image/rootfs/usr/lib/desktop-control/wrapper.sh
source /usr/lib/desktop-control/wrapper.sh

start_as user "$@"
wait_for "PipeWire" 30 pipewire_server
exec wireplumber
