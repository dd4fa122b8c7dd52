# shellcheck shell=bash
# What components have in common that come from who publishes them. Sourced by them.

images=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
# What the build asks for goes before what is pinned.
# shellcheck disable=SC2034 # for the components
asked_blender=${BLENDER_VERSION:-}
# shellcheck source=data/image/versions.env
source "$images/versions.env"
readonly COMPONENT=${0##*/}
# As Debian calls it: amd64, arm64.
ARCHITECTURE=$(dpkg --print-architecture)
# shellcheck disable=SC2034 # for the components
readonly ARCHITECTURE

fail() {
    echo "$COMPONENT: $*" >&2
    exit 1
}

# leave_out COMPONENT WHY: ends the component without a failure and without its root tree.
leave_out() {
    mkdir -p /run/left-out
    : >"/run/left-out/$1"
    echo "$1 is left out: $2" >&2
    exit 0
}

distribution() {
    local ID=''
    # shellcheck source=/dev/null
    source /etc/os-release
    echo "$ID"
}

# mirrored URL: where it is fetched from. DOWNLOADS_FROM names a mirror whose folders are called as the hosts.
mirrored() {
    if [[ ${DOWNLOADS_FROM:-} ]]; then echo "${DOWNLOADS_FROM%/}/${1#https://}"; else echo "$1"; fi
}

# download URL FILE
download() {
    local url
    url=$(mirrored "$1")
    timeout 1800 curl -fsSL --retry 3 --retry-delay 2 --connect-timeout 20 -o "$2" "$url" ||
        fail "$url could not be downloaded; curl said why above"
}

# verify FILE ALGORITHM HASH: ends the component when the file is another one.
verify() {
    local file=$1 algorithm=$2 hash=$3
    [[ $hash =~ ^[0-9a-f]+$ ]] || fail "there is no hash for ${file##*/}, so it is not used"
    echo "$hash  $file" | "${algorithm}sum" --check --status ||
        fail "${file##*/} is not the file that was recorded or published: its $algorithm is not $hash"
}

# published_hash FILE NAME: the hash of NAME in a checksum file, of one name or many.
published_hash() {
    awk -v name="$2" '{ sub(/^[*]/, "", $2); sub(/.*\//, "", $2) } $2 == name || NF == 1 { print $1; exit }' "$1"
}

# entry NAME: its line of the table of downloads, into hash_name, algorithm, published and url.
entry() {
    local line
    line=$(awk -v name="$1" '$1 == name { $1 = ""; print }' "$images/downloads")
    [[ $line ]] || fail "there is no download called $1"
    # The table is ours, and what stands in it are versions.
    eval "set -- $line"
    hash_name=$1 algorithm=$2 published=$3 url=$4
    if [[ $published == .* ]]; then published=$url$published; fi
}

# has_hash NAME: whether anything could tell that a download is the right one.
has_hash() {
    entry "$1"
    [[ ${!hash_name:-} || $published != - ]]
}

# fetch NAME FOLDER: downloads it, checks it by the recorded hash or else by the publisher's, and prints
# where it lies.
fetch() {
    local hash file
    entry "$1"
    file=$2/${url##*/} hash=${!hash_name:-}
    download "$url" "$file"
    if [[ ! $hash && $published != - ]]; then
        download "$published" "$file.published"
        hash=$(published_hash "$file.published" "${url##*/}")
    fi
    verify "$file" "$algorithm" "$hash"
    echo "$file"
}

# key_of URL FINGERPRINT FILE: a publisher's signing key as apt takes it, of this fingerprint only.
key_of() {
    local url=$1 fingerprint=$2 file=$3 raw keys
    raw=$(mktemp)
    download "$url" "$raw"
    keys=$(gpg --batch --quiet --no-options --with-colons --show-keys "$raw" 2>/dev/null | awk -F: '$1 == "fpr" { print $10 }' | xargs)
    [[ " $keys " == *" $fingerprint "* ]] ||
        fail "the key at $url is not the one with the fingerprint $fingerprint"
    install -d -m 0755 "${file%/*}"
    gpg --batch --quiet --no-options --dearmor <"$raw" >"$file"
    chmod 0644 "$file"
    rm -f "$raw"
}

apt_install() {
    DEBIAN_FRONTEND=noninteractive timeout 1800 apt-get -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 -qq \
        install -y --no-install-recommends "$@" </dev/null >&2 || fail "apt-get could not install $*; it said why above"
}

apt_update() { timeout 600 apt-get -o Acquire::Retries=3 -qq update </dev/null >&2 || fail "apt-get update failed; it said why above"; }
