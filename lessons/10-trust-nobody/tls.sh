#!/usr/bin/env bash
# tls.sh [DIRECTORY]: nginx with TLS in front of this lesson's server, until Ctrl-C. Needs no
# rights: all that it writes, with a certificate that is made when there is none, stays in
# DIRECTORY (default: build/tls).
#
# TLS_PORT (8443) is where it listens; the port behind that is another origin, with pages and
# nothing else. SERVER_PORT (8080) is where our server listens.
set -euo pipefail

lesson=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
directory=${1:-$lesson/../../build/tls}
tls_port=${TLS_PORT:-8443}
server_port=${SERVER_PORT:-8080}

# Debian keeps it where only root looks.
PATH=$PATH:/usr/sbin:/sbin
command -v nginx >/dev/null || {
    echo "tls.sh: nginx is missing (Debian, Ubuntu: apt-get install nginx-light)" >&2
    exit 1
}
mkdir -p "$directory/pages"
directory=$(cd "$directory" && pwd)
[[ -s $directory/localhost.crt ]] || "$lesson/certificate.sh" "$directory"
cp "$lesson/attack.html" "$directory/pages/"
sed "s/:8443/:$tls_port/; s/:8444/:$((tls_port + 1))/; s/:8080/:$server_port/" \
    "$lesson/nginx.conf" >"$directory/nginx.conf"

echo "wss://localhost:$tls_port/ws, in front of ws://127.0.0.1:$server_port/ws ..."
exec nginx -e stderr -p "$directory" -c "$directory/nginx.conf"
