#!/usr/bin/env bash
# progress.sh WORK HOLES: each lesson with its score, the time at work on it, and what comes next,
# for `make progress`. All of it is read from the files' dates and WORK/.course/, which
# `make start-N` and `make check-N` leave there; nothing is written, nothing is sent anywhere.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

work=$1 holes=$2
state=$work/.course

# score N: "PASSED OF" in the latest check that covered lesson N.
score() {
    local file
    while IFS= read -r file; do
        awk -F '\t' -v lesson="$1" '
            $1 == lesson && $2 == "-" { broken = 1 }
            $1 == lesson { ++of; passed += $4 == "passed" }
            END { if (!of) exit 1; print broken ? "- 0" : passed " " of }' "$file" && return
    done < <(ls -t "$state"/results-*.tsv 2>/dev/null)
}

# last_save N: when a file of lesson N was saved last, in seconds.
last_save() {
    local file
    while IFS= read -r file; do
        [[ ! -f $work/$file ]] || stat -c %Y "$work/$file"
    done < <("$holes" files "$1") | sort -n | tail -1
}

# at_work N END: the seconds from `make start-N` to END, as far as somebody was there: between one check
# and the next half an hour counts at most.
at_work() {
    { stat -c %Y "$state/started-$1" && echo "$2" && cat "$state/checked-$1" 2>/dev/null || :; } | sort -n |
        awk -v end="$2" '
            $1 <= end && NR > 1 { gap = $1 - before; sum += gap < 1800 ? gap : 1800 }
            { before = $1 }
            END { print sum + 0 }'
}

duration() {
    local minutes=$((($1 + 59) / 60))
    if ((minutes < 60)); then
        echo "$minutes min"
    elif ((minutes < 48 * 60)); then
        echo "$((minutes / 60)) h $((minutes % 60)) min"
    else
        echo "$((minutes / 60 / 24)) days"
    fi
}

# In a handout the lessons before its first one have no holes.
first=1
[[ ! -f lessons/HANDOUT ]] || read -r first _ <lessons/HANDOUT

next=
printf '%-18s %-8s %-13s %s\n' lesson score time ''
for folder in lessons/[0-9][0-9]-*/; do
    name=$(basename "$folder") number=$((10#${name:0:2}))
    [[ -f $folder/checks.cpp ]] && ((number >= first)) || continue
    points=- took=- what="make start-$number"
    if [[ -f $state/started-$number ]]; then
        what="make check-$number"
        ended=$(last_save "$number")
        # Nothing saved since `make start-N` wrote the files: no time was spent.
        worked=$(at_work "$number" "${ended:-0}")
        ((worked < 2)) || took=$(duration "$worked")
        read -r passed of < <(score "$number") || passed=0 of=0
        [[ $passed != - ]] || points='no build'
        if ((of > 0)); then
            points=$passed/$of
            ((passed < of)) || what=done
        fi
    fi
    printf '%-18s %-8s %-13s %s\n' "$number ${name:3}" "$points" "$took" "$what"
    [[ -n $next || $what == done ]] || next=$what
done

echo
if [[ -n $next ]]; then
    echo "next: $next"
elif [[ -d $state ]]; then
    echo "every lesson is done: the library in $work/ is yours"
else
    echo "there are no lessons with exercises here"
fi
