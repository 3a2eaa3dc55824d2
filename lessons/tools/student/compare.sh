#!/usr/bin/env bash
# compare.sh N WORK HOLES: the student's files of lesson N against the true ones, for
# `make diff-N`. Whoever has not solved it yet would spoil it for themselves, so the last
# `make check-N` must have passed, or SPOIL=1 be given.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

number=$1 work=$2 holes=$3
results=$work/.course/results-$number.tsv

stop() {
    echo "diff-$number: $*" >&2
    exit 2
}

files=$("$holes" files "$number")
[[ -n $files ]] || stop "lesson $number has no files to write"
if [[ ${SPOIL:-} != 1 ]]; then
    [[ -f $results ]] || stop "shows the true files once make check-$number passes (SPOIL=1 shows them now)"
    failed=$(awk -F '\t' 'NR > 1 && $4 != "passed"' "$results" | wc -l)
    ((failed == 0)) || stop "the last make check-$number did not pass ($failed failed); make hint-$number" \
        "helps, SPOIL=1 shows the true files all the same"
fi

# A student's file without what `make start-N` added to keep the compiler quiet.
given() { sed -E 's/^( *)\[\[maybe_unused\]\] /\1/' "$1"; }

color=never
[[ ! -t 1 || -n ${NO_COLOR:-} ]] || color=always
same=true found=false
for file in $files; do
    [[ -f $work/$file ]] || continue
    found=true
    diff -u --color=$color --label "true/$file" --label "$work/$file" \
        "$file" <(given "$work/$file") || same=false
done
$found || stop "there is nothing of lesson $number in $work/; make start-$number puts it there"
! $same || echo "diff-$number: yours are the same as the true files"
