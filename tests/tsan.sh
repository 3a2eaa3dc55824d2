#!/usr/bin/env bash
# tsan.sh BUILD: what runs on several threads, built with ThreadSanitizer: the tests of mailboxes and
# loops, then lesson 15's server with three loops while clients echo and a room is talking, then three
# of lesson 16's with clients, a Redis and accidents. The first data race ends it, with a report of both
# threads.
set -euo pipefail

build=$1
"$build/tests/threads" --no-intro
server=$build/lessons/15-many-cores/server

said=$(mktemp)
pid=
trap 'kill $pid 2>/dev/null || :; rm -f "$said"' EXIT

# load_on "OPTIONS OF THE SERVER" OPTIONS OF LOAD...
load_on() {
    local options=$1 port=
    shift
    # shellcheck disable=SC2086
    "$server" --port 0 --loops 3 $options >"$said" 2>&1 &
    pid=$!
    until port=$(sed -nE 's/.*:([0-9]+)\/.*/\1/p' "$said") && [[ -n $port ]]; do
        kill -0 $pid || { cat "$said"; exit 1; }
    done
    "$build/clients/load" ":$port" --quiet --time 3 "$@" || { cat "$said"; exit 1; }
    kill -INT $pid
    wait $pid || { cat "$said"; exit 1; }
    ! grep -q ThreadSanitizer "$said" || { cat "$said"; exit 1; }
}

load_on '--echo' --connections 100 --in-flight 8
load_on '' --mode fan-out --connections 200 --in-flight 16
load_on '--max-mailbox-bytes 4096' --mode fan-out --connections 50 --in-flight 64 --bytes 1000
if command -v redis-server >/dev/null; then
    "$build/tests/chaos" "$build" 20 1
else
    echo "tsan: without lesson 16, which needs redis-server (apt-get install redis-server)" >&2
fi
echo "tsan: no data race"
