#!/usr/bin/env bash
# crossing.sh BUILD: a message crosses two servers, one of them is killed, and its client goes on at the
# other one without a gap. Needs redis-server, says so otherwise, and leaves nothing behind.
set -euo pipefail

programs=$1/lessons/16-many-machines
if ! command -v redis-server >/dev/null; then
    echo "For rooms that span servers: there is no redis-server here; on Debian and Ubuntu"
    echo "  apt-get install redis-server"
    exit 0
fi

folder=$(mktemp -d)
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || :; done
    wait 2>/dev/null
    rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# Until the file holds the line; shows the file when it does not come.
wait_for() {
    for _ in {1..300}; do
        grep -qF "$2" "$folder/$1" 2>/dev/null && return
        sleep 0.05
    done
    echo "crossing: '$2' did not come from $1, which said:" >&2
    cat "$folder/$1" >&2
    exit 1
}

server() {
    "$programs/server" --host 127.0.0.1 --port 0 --redis "127.0.0.1:$redis_port" \
        >"$folder/$1" 2>&1 </dev/null &
    pids+=($!)
    wait_for "$1" "running"
    port=$(sed -nE 's|.*ws://[^:]*:([0-9]+)/.*|\1|p' "$folder/$1")
}

redis_port=$((20000 + RANDOM % 20000))
redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$folder" --save "" --appendonly yes \
    >"$folder/redis" 2>&1 </dev/null &
pids+=($!)
wait_for redis "Ready to accept connections"
server one
one=$port one_pid=${pids[-1]}
server two
two=$port

# What a client types comes from a pipe that stays open.
declare -A typed
client() {
    mkfifo "$folder/$1.typed"
    exec {typed[$1]}<>"$folder/$1.typed"
    "$programs/client" --user "$1" "${@:2}" <"$folder/$1.typed" >"$folder/$1" 2>&1 &
    pids+=($!)
    wait_for "$1" "In lobby"
}
types() {
    echo "$2" >&"${typed[$1]}"
    wait_for "$1" "$1: $2"
}

echo "Two servers, on the ports $one and $two, and a private Redis on $redis_port."
client ada "ws://127.0.0.1:$one/ws" --or "ws://127.0.0.1:$two/ws"
client bob "ws://127.0.0.1:$two/ws"
types bob "Hello from the second server"
wait_for ada "Hello from the second server"
types ada "And from the first"
wait_for bob "And from the first"
echo "Now the first server is killed, and bob goes on."
{ kill -KILL "$one_pid" && wait "$one_pid"; } 2>/dev/null || :
for word in one two three; do types bob "$word"; done
wait_for ada "three"
types ada "I missed nothing"
wait_for bob "I missed nothing"
for name in ada bob; do
    echo
    sed "s/^/  $name │ /" "$folder/$name"
done
