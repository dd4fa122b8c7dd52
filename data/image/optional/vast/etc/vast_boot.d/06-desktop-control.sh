# shellcheck shell=bash
# Sourced by the base's boot: after the stage that picks a CUDA toolkit anew, and before anything starts that could
# use it. The default that somebody chose with Desktop Control is applied again. Whatever comes of it, the boot goes on.
if [[ -s /var/lib/desktop-control/default-toolkit && -x /usr/bin/desktop-controld ]]; then
    timeout --kill-after=5 60 /usr/bin/desktop-controld installer restore </dev/null >/dev/null ||
        echo "desktop-control: the CUDA toolkit that was chosen as default could not be applied again, so the base's choice is in force; desktopctl cuda says more" >&2
fi
