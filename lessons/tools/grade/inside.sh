#!/usr/bin/env bash
# inside.sh N SEED MARK SECONDS: checks lesson N in a sandbox of `make grade` (lessons/tools/grade).
# What was built without a student's file is at /base and cannot be written, so links to it will do:
# make replaces those whose sources the submission replaces. Prints what the check says, and behind
# a line with MARK its status and the table of its results, as far as it came.
set -uo pipefail

number=$1 seed=$2 mark=$3 seconds=$4
cp --recursive --symbolic-link /base/. build/
rm -f build/check/overlay.list build/check/build.log # these are written to
cp --recursive /submission/. work/

timeout --kill-after=1 "$seconds" make --no-print-directory -j2 "check-$number" SEED="$seed" V=1
status=$?

# Whatever a submission left running goes now; from here on nothing is started, for a fork bomb
# may have left no room for it.
kill -KILL -1 2>/dev/null
printf '\n%s\nstatus\t%s\n' "$mark" "$status"
results=work/.course/results-$number.tsv
if [[ -f $results ]]; then
    mapfile -t lines <"$results"
    printf '%s\n' "${lines[@]}"
fi
