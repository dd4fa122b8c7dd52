#!/bin/bash
# The way in from outside: the stream and VNC in the browser by HTTPS, for those who sign in. Without
# HTTPS browsers forbid what the stream needs, and neither of the two asks for a password itself.
# shellcheck source=data/image/rootfs/usr/lib/desktop-control/wrapper.sh
source /usr/lib/desktop-control/wrapper.sh

readonly KEPT=/var/lib/desktop-control
readonly MADE=/run/desktop-control/gateway
readonly PASSWORD_FILE=$KEPT/sign-in-password
# A certificate is made anew when it would end within a month.
readonly MONTH=2592000

# Shown by the log's reader to whom it may be told: the file is root's alone.
settle_password() {
    if [[ -n ${DESKTOP_CONTROL_PASSWORD_FILE:-} ]]; then
        [[ -s $DESKTOP_CONTROL_PASSWORD_FILE ]] ||
            fail "DESKTOP_CONTROL_PASSWORD_FILE is $DESKTOP_CONTROL_PASSWORD_FILE, and there is no password in it"
        password=$(head -n 1 -- "$DESKTOP_CONTROL_PASSWORD_FILE")
        say "sign in as $user; the password is the one in $DESKTOP_CONTROL_PASSWORD_FILE"
    elif [[ -n ${DESKTOP_CONTROL_PASSWORD:-} ]]; then
        password=$DESKTOP_CONTROL_PASSWORD
        say "sign in as $user; the password is the one in DESKTOP_CONTROL_PASSWORD"
    else
        if [[ ! -s $PASSWORD_FILE ]]; then make_password; fi
        password=$(<"$PASSWORD_FILE")
        say "sign in as $user; the password was made up and lies in $PASSWORD_FILE:" \
            "docker exec CONTAINER cat $PASSWORD_FILE"
    fi
    unset DESKTOP_CONTROL_PASSWORD
}

# Without letters and digits that look alike. Written whole or not at all.
make_password() {
    local new
    new=$(mktemp "$PASSWORD_FILE.XXXXXX")
    head -c 1024 /dev/urandom | LC_ALL=C tr -dc '2-9A-HJ-NP-Za-km-z' | cut -c1-20 >"$new"
    mv -f -- "$new" "$PASSWORD_FILE"
}

# The workers read it for each request, and they are not root.
write_users() {
    local hash new
    hash=$(openssl passwd -6 -stdin <<<"$password")
    new=$(mktemp "$MADE/users.XXXXXX")
    printf '%s:%s\n' "$user" "$hash" >"$new"
    chown root:www-data "$new"
    chmod 0640 "$new"
    mv -f -- "$new" "$MADE/users"
    unset password
}

settle_certificate() {
    certificate=${DESKTOP_CONTROL_CERTIFICATE:-$KEPT/certificate.pem}
    key=${DESKTOP_CONTROL_CERTIFICATE_KEY:-$KEPT/certificate.key}
    if [[ ${DESKTOP_CONTROL_CERTIFICATE:-} || ${DESKTOP_CONTROL_CERTIFICATE_KEY:-} ]]; then
        [[ $certificate$key =~ ^[A-Za-z0-9._/-]+$ ]] || fail "the path of a certificate can have letters, digits and ._/- only"
        [[ -r $certificate && -r $key ]] || fail "the certificate $certificate or its key $key cannot be read"
        return
    fi
    if [[ -s $key ]] && openssl x509 -noout -checkend "$MONTH" -in "$certificate" >/dev/null 2>&1; then return; fi
    say "making a certificate; browsers will warn of it until they are told to trust it"
    make_certificate
}

make_certificate() {
    local new name
    new=$(mktemp -d "$KEPT/certificate.XXXXXX")
    name=$(uname -n)
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 825 -subj "/CN=${name:0:60}" \
        -addext "subjectAltName=DNS:$name,DNS:localhost,IP:127.0.0.1" \
        -keyout "$new/key" -out "$new/certificate" 2>/dev/null || fail "openssl could not make a certificate for $name"
    chmod 0600 "$new/key"
    mv -f -- "$new/key" "$key"
    mv -f -- "$new/certificate" "$certificate"
    rmdir "$new"
}

# Who has signed in is known by a cookie, since not every browser sends a password along with a
# WebSocket. It holds until the next start.
write_configuration() {
    local cookie tls='' certificate_lines=''
    cookie=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
    if [[ $https == on ]]; then
        tls=' ssl'
        certificate_lines="ssl_certificate $certificate; ssl_certificate_key $key;"
    fi
    install -m 0600 /dev/null "$MADE/nginx.conf"
    sed -e "s|@TLS@|$tls|; s|@CERTIFICATE@|$certificate_lines|; s|@COOKIE@|$cookie|; s|@SECURE@|${tls:+; Secure}|" \
        -e "s|@STREAM@|$SELKIES_PORT|; s|@VNC@|$NOVNC_PORT|; s|@MADE@|$MADE|" \
        -e "s|@STREAM_OUTSIDE@|$stream|; s|@VNC_OUTSIDE@|$vnc|" \
        /usr/lib/desktop-control/gateway.conf >"$MADE/nginx.conf"
}

start_as root "$@"
umask 077
user=${DESKTOP_CONTROL_USER:-user}
https=${DESKTOP_CONTROL_HTTPS:-on}
stream=${DESKTOP_CONTROL_STREAM_PORT:-6100}
vnc=${DESKTOP_CONTROL_WEB_VNC_PORT:-6200}
[[ $user =~ ^[A-Za-z0-9._-]+$ ]] || fail "DESKTOP_CONTROL_USER can have letters, digits, dots, - and _ only"
[[ $https =~ ^(on|off)$ ]] || fail "DESKTOP_CONTROL_HTTPS can be on or off, not '$https'"
[[ $stream$vnc =~ ^[0-9]+$ ]] || fail "a port is a number"
install -d -m 0755 "$KEPT" /run/desktop-control "$MADE"
settle_password
write_users
if [[ $https == on ]]; then settle_certificate; fi
write_configuration
exec nginx -c "$MADE/nginx.conf" -e stderr
