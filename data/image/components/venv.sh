# shellcheck shell=bash
# Python programs from PyPI, each in an environment of its own. Sourced by the components.

images=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
# shellcheck source=data/image/versions.env
source "$images/versions.env"
readonly CACHE=${DESKTOP_CONTROL_CACHE:-${HOME:?}/.cache/desktop-control}

# cached_venv NAME VERSION PREFIX REQUIREMENT…: prints the folder that holds NAME made for PREFIX,
# made first where it is not there. It is there whole or not at all.
cached_venv() {
    local name=$1 version=$2 prefix=$3 python folder
    shift 3
    python=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    folder=$CACHE/$name-$version-$python
    if [[ ! -d $folder ]]; then
        mkdir -p "$CACHE"
        rm -rf "$folder".new.*
        local new
        new=$(mktemp -d "$folder.new.XXXXXX")
        chmod 755 "$new"
        make_venv_for "$prefix" "$new" "$@" >&2
        mv -T "$new" "$folder"
    fi
    echo "$folder"
}

# An environment's scripts name the folder they were made in. So it is made under its later path,
# which is seen in a private mount namespace only.
make_venv_for() {
    local prefix=$1 new=$2
    shift 2
    ((EUID == 0)) || { echo "making $prefix needs root: run it with sudo" >&2; return 1; }
    # shellcheck disable=SC2016 # expands in the inner shell
    unshare --mount --propagation unchanged bash -euc '
        source "$1"; prefix=$2 new=$3 parent=${2%/*}; shift 3
        make_mounts_private
        mount -t tmpfs tmpfs /mnt
        mkdir /mnt/upper /mnt/work
        mount -t overlay overlay -o "lowerdir=$parent,upperdir=/mnt/upper,workdir=/mnt/work" "$parent"
        mkdir -p "$prefix"
        mount --bind "$new" "$prefix"
        source "$0"
        make_venv "$prefix" "$@"' "${BASH_SOURCE[0]}" "$images/private-mounts.sh" "$prefix" "$new" "$@"
}

# The distribution's Python: one from a home folder could not be entered by the desktop user.
make_venv() {
    local prefix=$1
    shift
    umask 022
    timeout 120 /usr/bin/python3 -m venv "$prefix"
    timeout 1200 "$prefix/bin/pip" install --quiet --no-input --disable-pip-version-check --no-cache-dir "$@" ||
        { echo "PyPI did not give all of: $*" >&2; return 1; }
}
