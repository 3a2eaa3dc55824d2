#!/usr/bin/env bash
# loop.sh BUILD HOLES LESSON...: `make bench-loop`. What a student waits for, in seconds of CPU time: the first
# build and check of a lesson, then one check after an edit, one of a scenario, one of a name that is none.
# The student has solved all; edited is each header with holes, and one .cpp of the lesson (ALL=1: each
# file of it). Nothing comes from a compiler cache. The load of the machine stands beside: where others
# work, the same work takes more.
set -euo pipefail

build=$1 holes=$2
shift 2
: "${MAKE:=make}"
place=$build/bench/loop
export CCACHE_DISABLE=1
unset MAKEFLAGS MAKELEVEL
TIMEFORMAT='%U %S %R'

# seconds COMMAND...: runs it, which may fail (a wrong name does), and says what it took: CPU, clock.
seconds() {
    local took
    took=$({ time "$@" >"$place/output" 2>&1 || :; } 2>&1)
    awk '{ printf "%7.1f %7.1f", $1 + $2, $3 }' <<<"$took"
}

run() { seconds "$MAKE" --no-print-directory BUILD="$place" WORK="$place/work" "$@"; }

row() { printf '%-3s %-34s %s  %s\n' "$1" "$2" "$3" "${4:-}"; }

# Does the file of the last run say that all passes?
passed() { grep -q '^All of it passes' "$place/output" && echo || echo "did not pass: see $place/output"; }

first_scenario() { lessons/tools/student/scenarios.sh "$1" "$1" | head -1 | cut -d ' ' -f 2; }

measure() {
    local number=$1 file edited="" took lesson
    rm -rf "$place"
    mkdir -p "$place"
    row "$number" "first make lesson-$number" "$(run "lesson-$number")"
    # What came before is solved, too.
    for ((lesson = 1; lesson <= number; ++lesson)); do
        for file in $("$holes" files "$lesson"); do
            mkdir -p "$place/work/$(dirname "$file")"
            cp "$file" "$place/work/$file"
            [[ $file == *.hpp || (-n ${ALL:-} && $lesson == "$number") ]] && edited+=" $file"
        done
    done
    file=$("$holes" files "$number" | grep '\.cpp$' | tail -1)
    [[ " $edited " == *" $file "* ]] || edited+=" $file"
    took=$(run "check-$number")
    row "$number" "first make check-$number" "$took" "$(passed)"
    took=$(run "check-$number")
    row "$number" "nothing edited: the check itself" "$took" "$(passed)"
    for file in $edited; do
        echo "// edited" >>"$place/work/$file"
        took=$(run "check-$number")
        row "$number" "after an edit in ${file##*/}" "$took" "$(passed)"
    done
    echo "// edited again" >>"$place/work/$file"
    row "$number" "after one, T=$(first_scenario "$number")" "$(run "check-$number" T="$(first_scenario "$number")")"
    row "$number" "T=nosuch" "$(run "check-$number" T=nosuch)"
}

echo "Seconds of CPU time, and on the clock; $(nproc) cores, load $(cut -d ' ' -f 1 /proc/loadavg) at the start:"
for number in "$@"; do measure "$number"; done
echo "load $(cut -d ' ' -f 1 /proc/loadavg) at the end"
rm -rf "$place"
