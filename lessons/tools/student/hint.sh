#!/usr/bin/env bash
# hint.sh FOLDER: shows one hint out of lessons/FOLDER/hints.md, for `make hint-N T=k L=1..3`.
# $T is the number of an exercise or the name of a scenario, which checks.cpp maps to its
# exercise; $L is the level: 1 a nudge (default), 2 where to look, 3 the shape of the answer.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

folder=$1 number=$((10#${1%%-*})) task=${T:-} level=${L:-1}
hints=lessons/$folder/hints.md checks=lessons/$folder/checks.cpp

wrong() {
    echo "hint-$number: $*" >&2
    exit 2
}

# scenarios: lines "NAME EXERCISE" of this lesson's checks.
scenarios() {
    [[ ! -f $checks ]] || lessons/tools/student/scenarios.sh "$number" "$number" | cut -d ' ' -f 2,3
}

[[ -f $hints ]] || wrong "lesson $number has no hints"
exercises=$(sed -nE 's/^## ([0-9]+) .*/\1/p' "$hints" | paste -sd ' ')
example=${exercises%% *}

[[ -n $task ]] || wrong "say which exercise or scenario: make hint-$number T=$example (there are $exercises)"
if [[ ! $task =~ ^[0-9]+$ ]]; then
    name=${task#*/} # "5/length-126" as a failure prints it
    exercise=$(scenarios | awk -v name="$name" '$1 == name && !n++ { print $2 }')
    [[ -n $exercise ]] || wrong "there is no scenario '$name'; T= takes an exercise ($exercises) or" \
        "a name that make check-$number shows"
    task=$exercise
fi
grep -qE "^## $task " "$hints" || wrong "there is no exercise $task; there are $exercises"
[[ $level =~ ^[123]$ ]] || wrong "there is no level '$level'; L= takes 1, 2 or 3"

title=$(sed -nE "s/^## ($task .*)/\1/p" "$hints")
text=$(awk -v task="$task" -v level="$level" '
    /^## / { here = $2 == task; within = 0; next }
    here && /^### / { within = $2 == level; next }
    here && within { print }' "$hints" | sed -e '/./,$!d')
[[ -n $text ]] || wrong "exercise $task has no hint of level $level"

printf 'Exercise %s, hint %s of 3\n\n%s\n\n' "$title" "$level" "$text"
if ((level < 3)); then
    echo "More: make hint-$number T=$task L=$((level + 1))"
else
    echo "That was the last hint. The task itself: lessons/$folder/exercises.md"
fi
