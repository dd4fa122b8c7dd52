#!/bin/bash
# command_line.sh RUNS: run inside the stack, so that getting in counts for neither side. Times both
# command lines by turns and prints "time NAME MICROSECONDS"; then "memory NAME KILOBYTES", the peak.
set -euo pipefail

readonly PIPE=/run/bench.pipe
# Both have said all that they know long before.
readonly PATIENCE=3

time_one() {
    local began=${EPOCHREALTIME/[.,]/} ended
    "$@" >/dev/null
    ended=${EPOCHREALTIME/[.,]/}
    echo "time $1 $((ended - began))"
}

# A program that cannot get rid of its first line is as large as it gets, and its peak can be read:
# it writes to a pipe that is full already.
memory_of() {
    local pipe pid peak
    mkfifo "$PIPE"
    exec {pipe}<>"$PIPE"
    rm "$PIPE"
    head -c 65536 /dev/zero >&"$pipe"
    "$@" >&"$pipe" &
    pid=$!
    sleep "$PATIENCE"
    peak=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$pid/status")
    kill -KILL "$pid"
    wait "$pid" 2>/dev/null || true
    exec {pipe}>&-
    echo "memory $1 $peak"
}

for ((run = 0; run < $1; run++)); do
    time_one desktopctl services
    time_one supervisorctl status
done
memory_of desktopctl services
memory_of supervisorctl status
