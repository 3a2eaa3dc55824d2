#!/bin/sh
# tools.sh: are the programs here that the lessons' texts call? For `make tools`. What is missing is
# installed, on Debian and Ubuntu with apt-get, and wscat with npm; a line says what is done.
# Leaves out: the compiler and the libraries, which the first build looks after (packages.sh), and
# the peers of `make interop`.
set -eu

say() { echo "tools: $*" >&2; }
# shellcheck source=lessons/tools/packages/apt.sh
. "$(dirname "$0")/apt.sh"

# The program, its package, and what the lessons do with it.
list() {
    cat <<'END'
nc      netcat-openbsd  speaks TCP and UDP by hand (lessons 1 to 6, 16)
ss      iproute2        shows connections and their states (1, 7, 9, 11)
pkill   procps          finds a running server and stops it (8, 9, 11, 13)
strace  strace          shows system calls (3, 11)
curl    curl            speaks HTTP by hand (4, 6, 10, 11)
openssl openssl         computes an accept key by hand (4), makes a certificate (10)
python3 python3         serves the attacker's page (10)
nginx   nginx-light     stands in front of the server and speaks TLS (9, 10), or of three (16)
redis-server redis-server  keeps the logs of rooms that span servers (16)
END
}

# nc is a name of several programs; the texts need -N, which that of OpenBSD has.
is_here() {
    PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null || return 1
    [ "$1" != nc ] || nc -h 2>&1 | grep -q -e '-[^ ]*N'
}

missing=$(list | while read -r program package _; do is_here "$program" || echo "$package"; done)
npm=
command -v wscat >/dev/null || npm=wscat
if [ -n "$npm" ] && ! command -v npm >/dev/null; then missing="$missing npm"; fi

if [ -n "$missing" ]; then
    # shellcheck disable=SC2086 # a list of names without spaces
    install_packages $missing || exit 1
fi
if [ -n "$npm" ]; then
    say "installing wscat with npm install --global"
    as_root=
    [ -w "$(npm prefix --global)" ] || as_root=sudo
    $as_root npm install --global --no-fund --no-audit wscat >&2 || {
        say "npm could not install wscat; it is a client to compare with, and no check needs it"
        exit 1
    }
fi

echo "All programs that the texts call are here:"
list | while read -r program package what; do
    is_here "$program" || { say "$program is still missing, although $package is installed"; exit 1; }
    printf '  %-12s %s\n' "$program" "$what"
done
printf '  %-12s %s\n' wscat "a client that is not ours (4 to 16)"
