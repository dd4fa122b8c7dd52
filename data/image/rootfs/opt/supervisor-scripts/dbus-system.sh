#!/bin/bash
# The system bus.
# shellcheck source=data/image/rootfs/usr/lib/desktop-control/wrapper.sh
source /usr/lib/desktop-control/wrapper.sh

# /run outlives a container's restart, and the number in the pid file may be anybody's by now: only
# a process that is a system bus is ended.
end_previous_bus() {
    local pid
    pid=$(cat /run/dbus/pid 2>/dev/null) || return 0
    if [[ $pid =~ ^[0-9]+$ ]] && is_system_bus "$pid"; then
        say "ending the system bus left behind as process $pid"
        kill "$pid" 2>/dev/null || true
        for _ in {1..20}; do
            is_system_bus "$pid" || break
            sleep 0.1
        done
        if is_system_bus "$pid"; then kill -KILL "$pid" 2>/dev/null || true; fi
    fi
    rm -f /run/dbus/pid
}

is_system_bus() {
    local -a argv=()
    mapfile -d '' -t argv 2>/dev/null <"/proc/$1/cmdline" || return 1
    [[ ${argv[0]:-} == *dbus-daemon && " ${argv[*]} " == *' --system '* ]]
}

start_as root "$@"
install -d -m 0755 /run/dbus
end_previous_bus
exec dbus-daemon --system --nofork --nosyslog
