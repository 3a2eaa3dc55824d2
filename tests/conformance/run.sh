#!/usr/bin/env bash
# run.sh BUILD [URL]: `make conformance`. With a URL, the suite against that server, and what it finds;
# else against our servers and clients and (but for SHORT=1) against npm ws and python3-websockets, which
# show whether the suite itself is right: what they fail stands in the table, and is no fault of ours.
# The results lie in BUILD/conformance, one table is printed.
# SUBJECTS='lesson-8 ws' names some of them.
set -euo pipefail

build=$1
url=${2:-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$build/conformance
suite=$out/suite
short=()
[[ -z ${SHORT:-} ]] || short=(--short)
[[ -z $url ]] || exec "$suite" "$url" "${short[@]}" --report "$out/other.tsv"

all=(lesson-8 blocking pieces lesson-11 loop loop-pieces hub reactors client pieces-client)
others=(ws python ws-client python-client)
[[ -n ${SHORT:-} ]] || all+=("${others[@]}")
# shellcheck disable=SC2206 # words are what is wanted
[[ -z ${SUBJECTS:-} ]] || all=($SUBJECTS)

work=$(mktemp -d)
child=
end_child() {
    [[ -z $child ]] || { kill "$child" 2>/dev/null && wait "$child" 2>/dev/null; } || :
    child=
}
trap 'end_child; rm -rf "$work"' EXIT

python=python3
for subject in "${all[@]}"; do
    if [[ " ${others[*]} " == *" $subject "* ]]; then
        "$here/../interop/prepare.sh" "$build" ws python
        [[ ! -e $build/interop/python ]] || python=$(<"$build/interop/python")
        cat "$build/interop/left-out"
        break
    fi
done

# Starts a command; its port, once it says that it listens, stands in $port.
start() {
    : >"$work/said"
    "$@" >"$work/said" 2>"$work/errors" &
    child=$!
    local tries=0
    until port=$(sed -nE 's/^listening ([0-9]+)$/\1/p; s/.*ws:\/\/localhost:([0-9]+).*/\1/p' "$work/said" | head -1) &&
        [[ -n $port ]]; do
        if ! kill -0 "$child" 2>/dev/null || ((++tries > 400)); then
            echo "conformance: $* does not listen: $(cat "$work/errors")" >&2
            exit 1
        fi
        sleep 0.05
    done
}

status=0
of_ours() { [[ -z $1 ]] || status=1; } # STRICT: we are judged strictly, others are not
reports=()
# The lessons' servers say each message on their standard output.
judge_server() {
    local subject=$1 strict=$2
    shift 2
    start "$@"
    echo "--- $subject (server)"
    "$suite" "ws://127.0.0.1:$port/ws" "${short[@]}" ${strict:+--strict --soon 10} --report "$out/$subject.tsv" || of_ours "$strict"
    end_child
}

judge_client() {
    local subject=$1 strict=$2
    shift 2
    echo "--- $subject (client)"
    start "$suite" --serve "${short[@]}" ${strict:+--strict --soon 10} --report "$out/$subject.tsv"
    timeout 600 "$@" "ws://127.0.0.1:$port" >"$work/client" 2>&1 || {
        tail -3 "$work/client"
        kill "$child" # it would wait for more
        status=1
    }
    wait "$child" || of_ours "$strict"
    child=
    sed 1d "$work/said"
}

for subject in "${all[@]}"; do
    case $subject in
        lesson-8) judge_server "$subject" yes "$build/lessons/08-messages/server" --port 0 ;;
        lesson-11) judge_server "$subject" yes "$build/lessons/11-event-loop/server" --port 0 ;;
        blocking | loop | loop-pieces | hub | reactors) judge_server "$subject" yes "$out/echo_server" --port 0 --compress --endpoint "$subject" ;;
        pieces) judge_server "$subject" yes "$out/echo_server" --port 0 --compress --endpoint blocking-pieces ;;
        client) judge_client "$subject" yes "$out/echo_client" --compress ;;
        pieces-client) judge_client "$subject" yes "$out/echo_client" --compress --pieces ;;
        ws) judge_server "$subject" '' node "$here/peers/ws_echo.mjs" "$build/interop/npm" ;;
        python) judge_server "$subject" '' "$python" "$here/peers/python_echo.py" ;;
        ws-client) judge_client "$subject" '' node "$here/peers/ws_echo.mjs" "$build/interop/npm" ;;
        python-client) judge_client "$subject" '' "$python" "$here/peers/python_echo.py" ;;
        *) echo "conformance: there is no subject '$subject'; there are ${all[*]} ${others[*]}" >&2; exit 2 ;;
    esac
    reports+=("$out/$subject.tsv")
done
echo
"$suite" --table "${reports[@]}"
exit "$status"
