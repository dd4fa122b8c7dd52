# shellcheck shell=bash
# For what runs in a mount namespace of its own. Sourced, never executed.

# A chroot's root is no mount, so neither it nor what lies around it can be named from inside.
root_is_a_mount() { awk '$5 == "/" { found = 1 } END { exit !found }' /proc/self/mountinfo; }

# Keeps every later mount from spreading outside. `unshare --propagation private` does the same, but
# fails in a chroot; entering the mount namespace that one is already in leads out of it.
make_mounts_private() {
    if root_is_a_mount; then
        mount --make-rprivate /
    else
        nsenter --mount=/proc/self/ns/mnt mount --make-rprivate /
    fi
}
