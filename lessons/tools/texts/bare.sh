#!/usr/bin/env bash
# bare.sh BUILD FOLDER: runs the bare server of lessons/FOLDER once with a client, on a free port,
# shows what both said, and says how to run them by hand.
#
# The bare/demo.sh of the lesson sets these; the port is the client's last argument:
CLIENT=  # below BUILD/lessons/
CLIENT_ARGS=()
CLIENT_INPUT=
next_steps() { :; }

set -euo pipefail
programs=$1/lessons
# shellcheck source=/dev/null
source "$(dirname "${BASH_SOURCE[0]}")/../../$2/bare/demo.sh"

# Seconds; a pair that works needs a small part of one.
readonly patience=15

scratch=$(mktemp -d)
server=
cleanup() {
    [[ -z $server ]] || kill "$server" 2>/dev/null || :
    rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
fail() {
    echo "bare: $1" >&2
    exit 1
}

mkfifo "$scratch/said"
"$programs/$2/bare/server" 0 >"$scratch/said" </dev/null &
server=$!
exec 3<"$scratch/said"
IFS= read -r -t $patience line <&3 || fail "the server did not say where it listens"
[[ $line =~ .*:([0-9]+) ]] || fail "no port in the server's first line"
echo "server │ $line"
while IFS= read -r typed; do echo "typed  │ $typed"; done < <(printf '%s' "$CLIENT_INPUT")
printf '%s' "$CLIENT_INPUT" |
    timeout $patience "$programs/$CLIENT" "${CLIENT_ARGS[@]}" "${BASH_REMATCH[1]}" >"$scratch/client" ||
    fail "the client ended with status $?"
sed 's/^/client │ /' "$scratch/client"
kill -0 "$server" || fail "the server has ended"
echo
# A handout has the programs elsewhere.
next_steps | sed "s|build/lessons|$1/lessons|"
