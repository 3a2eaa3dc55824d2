#!/usr/bin/env bash
# demo.sh BUILD FOLDER [--record [DIR]]: runs the server and the client of lessons/FOLDER once
# against each other on a free port, and shows what both said and what crossed the wire.
#
# With --record it shows nothing and writes transcript.txt and wire.txt instead, to the lesson's
# folder or to DIR. Ports differ from run to run, so the usual ones stand in their place there.
#
# The lesson's own demo.sh may set these:
SERVER_ARGS=()  # options, besides --port and --trace
CLIENT_ARGS=()
CLIENT_INPUT=   # what is typed into the client
DEFAULT_PORT=   # the server's port when none is given
next_steps() { :; }  # prints what to read and try next
normalise() { cat; } # a filter for what differs from run to run beside the ports

set -euo pipefail

if [[ $# -lt 2 ]]; then
    echo "usage: demo.sh BUILD FOLDER [--record [DIR]]" >&2
    exit 2
fi
programs=$1/lessons/$2
lesson=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/$2
record=
[[ ${3:-} != --record ]] || record=${4:-$lesson}

case ${2%%-*} in
    01) DEFAULT_PORT=9000 ;;
    02) DEFAULT_PORT=9001 ;;
    03) DEFAULT_PORT=9002 ;;
    *) DEFAULT_PORT=8080 ;;
esac
# shellcheck source=/dev/null
source "$lesson/demo.sh"

# Seconds. The client's end is the server's too, so the server's deadline is the later one.
readonly client_deadline=15 server_deadline=25 stop_deadline=5

scratch=$(mktemp -d)
server=
cleanup() {
    [[ -z $server ]] || kill "$server" 2>/dev/null || :
    rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

bold="" dim="" cyan="" green="" plain=""
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' dim=$'\e[2m' cyan=$'\e[36m' green=$'\e[32m' plain=$'\e[0m'
fi

# label NAME COLOUR <lines: puts the speaker's name before each line.
label() {
    local line
    while IFS= read -r line || [[ -n $line ]]; do
        printf '%s%-6s │%s%s\n' "$2" "$1" "$plain" "${line:+ $line}"
    done
}

# What the server writes to standard error is the trace, and now and then a line of its log. A
# line of the trace begins with a number and an arrow, or, within a head, with spaces.
readonly of_trace='^ *[0-9]+ [→←] |^ |^$'

transcript() {
    label server "$cyan" <"$scratch/listening"
    printf '%s' "$CLIENT_INPUT" | label typed "$dim"
    label client "$green" <"$scratch/client"
    label server "$cyan" <"$scratch/server"
    { grep -Ev "$of_trace" "$scratch/errors" || :; } | label server "$cyan"
}
wire() { grep -E "$of_trace" "$scratch/errors" || :; }

fail() {
    {
        transcript
        wire
        echo "demo: $(basename "$lesson"): $1"
    } >&2
    exit 1
}

# --- the run ------------------------------------------------------------------------------------

for file in listening client server errors; do : >"$scratch/$file"; done
mkfifo "$scratch/fifo"

# A shell without job control starts its background jobs deaf to SIGINT; timeout passes that
# signal on, and takes it as the beginning of the last --kill-after seconds.
set -m
timeout --foreground --kill-after=$stop_deadline $server_deadline \
    "$programs/server" --port 0 --trace "${SERVER_ARGS[@]}" \
    >"$scratch/fifo" 2>"$scratch/errors" </dev/null &
server=$!
set +m

# The server says its port as soon as it can be connected to. When it ends before that, so does
# the fifo, and nobody waits.
exec 3<"$scratch/fifo"
IFS= read -r -t 10 listening <&3 || fail "the server did not say where it listens"
echo "$listening" >"$scratch/listening"
[[ $listening =~ .*:([0-9]+) ]] || fail "no port in the server's first line"
port=${BASH_REMATCH[1]}
cat <&3 >"$scratch/server" &
reader=$!

client_status=0
printf '%s' "$CLIENT_INPUT" | timeout --foreground --kill-after=1 $client_deadline \
    "$programs/client" --port "$port" "${CLIENT_ARGS[@]}" >"$scratch/client" 2>&1 ||
    client_status=$?

server_status=0
kill -INT "$server" 2>/dev/null || : # it may have ended by itself: its status tells
wait "$server" || server_status=$?
server=
wait "$reader"

explain_status() {
    case $1 in
        124 | 137) echo "did not end in time" ;;
        *) echo "ended with status $1" ;;
    esac
}
((client_status == 0)) || fail "the client $(explain_status $client_status)"
((server_status == 0)) || fail "the server $(explain_status $server_status)"
[[ -s $scratch/client ]] || fail "the client said nothing"
[[ -n $(wire) ]] || fail "nothing crossed the wire"

# --- what it showed -----------------------------------------------------------------------------

# The server's port becomes the usual one; a client's port and a time the same for all.
usual() {
    sed -E "s/\b$port\b/$DEFAULT_PORT/g
            s/(127\.0\.0\.1|\[::1\]):([0-9]{4,5})\b/\1:<\2>/g
            s/:<$DEFAULT_PORT>/:$DEFAULT_PORT/g
            s/:<[0-9]+>/:54321/g
            s/\b[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z/2026-01-01T12:00:00Z/g"
}

if [[ -n $record ]]; then
    transcript | usual | normalise >"$record/transcript.txt"
    wire | usual | normalise >"$record/wire.txt"
    exit
fi

transcript
printf '\n%sOn the wire%s (→ from the client, ← from the server)\n' "$bold" "$plain"
wire
echo
next_steps
