#!/usr/bin/env bash
# instructions.sh CORE COMPILER: `make bench-instructions`. How many instructions a message costs in the
# sans-I/O core, counted by callgrind: no clock, so a busy machine does not matter. Fails when there
# are over 5 % more than instructions.txt says for this compiler. UPDATE=1 writes the new counts there.
set -euo pipefail

core=$1 compiler=$2
kept=$(dirname "${BASH_SOURCE[0]}")/instructions.txt
# shellcheck disable=SC2086 # may be two words, such as "ccache g++"
name=$($compiler --version | sed -nE '1s/^(clang|[^ ]*g\+\+|[^ ]*gcc).*/\1/p; 1s/.*(clang) version.*/\1/p' | tail -1)
# shellcheck disable=SC2086
name=${name:-unknown}-$($compiler -dumpversion | cut -d. -f1)

if ! command -v valgrind >/dev/null; then
    echo 'instructions: valgrind is not installed (Debian: apt-get install valgrind)' >&2
    exit 1
fi

# Not every valgrind understands what every compiler writes for debuggers.
stripped=$core.stripped
objcopy --strip-debug "$core" "$stripped"

count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$stripped" "$1" "$2" 2>&1 |
        sed -n 's/.*Collected : //p'
}

status=0
for scenario in a b; do
    # The difference of two runs: what the start of a program costs does not count.
    few=$(count $scenario 3200)
    many=$(count $scenario 16000)
    now=$(((many - few) / 12800))
    before=$(awk -v name="$name" -v scenario=$scenario '$1 == name && $2 == scenario {print $3}' "$kept")
    if [[ -n ${UPDATE:-} ]]; then
        sed -i "/^$name $scenario /d" "$kept"
        echo "$name $scenario $now" >>"$kept"
        echo "$scenario: $now instructions a message with $name (${before:-nothing} before)"
    elif [[ -z $before ]]; then
        echo "$scenario: $now instructions a message; instructions.txt has none for $name to compare with"
    elif ((now * 100 > before * 105)); then
        echo "$scenario: $now instructions a message, over 5 % more than $before (tests/bench/instructions.txt)"
        echo "   what costs them: valgrind --tool=callgrind $core $scenario 16000; callgrind_annotate"
        echo "   if it has to be: make bench-instructions UPDATE=1"
        status=1
    else
        echo "$scenario: $now instructions a message ($before in tests/bench/instructions.txt)"
    fi
done
exit $status
