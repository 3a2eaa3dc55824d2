#!/usr/bin/env bash
# certificate.sh DIRECTORY: makes a certificate for localhost, signed by nobody but itself, for
# trying out wss:// on this machine: DIRECTORY/localhost.crt and DIRECTORY/localhost.key.
# A server on a network gets its certificate from an authority that browsers know.
set -euo pipefail

if [[ $# -ne 1 ]]; then
    echo "usage: certificate.sh DIRECTORY" >&2
    exit 2
fi
mkdir -p "$1"
umask 077 # the key is for its owner alone
# Clients look for the host's name in subjectAltName, and nowhere else.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
    -subj /CN=localhost -addext 'subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1' \
    -keyout "$1/localhost.key" -out "$1/localhost.crt" 2>"$1/openssl.log" || {
    cat "$1/openssl.log" >&2
    exit 1
}
rm "$1/openssl.log"
