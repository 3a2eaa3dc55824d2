#!/usr/bin/env bash
# large.sh BUILD [SIZE]: sends one message of 4 GiB (or SIZE) through this lesson's server and back,
# both programs held under 64 MiB of address space, and shows what they really used.
set -euo pipefail

programs=$1/lessons/13-streaming
size=${2:-4G}
readonly limit_kib=$((64 * 1024))

scratch=$(mktemp -d)
server=
cleanup() {
    [[ -z $server ]] || kill "$server" 2>/dev/null || :
    rm -rf "$scratch"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

mkfifo "$scratch/fifo"
(ulimit -v $limit_kib && exec "$programs/server" --port 0 --max-message-bytes 1024G \
    --max-fragments 4294967295) >"$scratch/fifo" &
server=$!
exec 3<"$scratch/fifo"
IFS= read -r -t 10 line <&3
echo "$line"
[[ $line =~ :([0-9]+) ]]

(ulimit -v $limit_kib && exec "$programs/client" --port "${BASH_REMATCH[1]}" --size "$size" --echo \
    --max-message-bytes 1024G) &
client=$!
# The peak of the resident memory only grows, so the last look at it is the right one.
client_peak=
while peak=$(awk '/^VmHWM/ { print $2 }' "/proc/$client/status" 2>/dev/null); do
    client_peak=${peak:-$client_peak}
    [[ -n $peak ]] || break
    sleep 0.2
done
wait "$client"
IFS= read -r -t 10 line <&3
echo "$line"
echo "Peak of resident memory: server $(awk '/^VmHWM/ { print $2 }' "/proc/$server/status") KiB," \
    "client $client_peak KiB"
