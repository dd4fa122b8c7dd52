#!/bin/bash
# PipeWire's PulseAudio server, which Selkies and most programs speak to.
# shellcheck source=data/image/rootfs/usr/lib/desktop-control/wrapper.sh
source /usr/lib/desktop-control/wrapper.sh

start_as user "$@"
wait_for "PipeWire" 30 pipewire_server
install -d -m 0700 "$PULSE_RUNTIME_PATH"
exec pipewire-pulse
