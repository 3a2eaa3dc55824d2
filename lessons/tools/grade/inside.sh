#!/usr/bin/env bash
# inside.sh FROM TO SEED: checks these lessons in a sandbox of `make grade` (lessons/tools/grade).
# What was built without a student's file is at /base and cannot be written, so links to it will do:
# make replaces those whose sources the submission replaces. (BASE and SUBMISSION say where they are when
# there is no sandbox.)
# First all is built, which runs nothing of the student's. Then this process becomes the judge: when
# the student's code begins to run there is no shell and no make beside it, the judge is the first
# process here, which nobody can kill, and with its end all others end. It prints what it finds, and
# after the mark, a line that comes on standard input, the table of results.
set -uo pipefail

from=$1 to=$2 seed=$3
read -r mark
exec </dev/null
cp --recursive --symbolic-link "${BASE:-/base}/." build/
rm -f build/check/overlay.list build/check/build.log build/check/exercises.tsv # these are written to
cp --recursive "${SUBMISSION:-/submission}/." work/
# What is as it was handed out was built already.
(cd work && find . -type f) | while IFS= read -r file; do ! cmp -s "work/$file" "$file" || rm "work/$file"; done

export CHECK_FROM=$from
if ! MAKE=make COMPILERS=2 QUIET=1 BUILD_ONLY=1 lessons/tools/student/check.sh "$to"; then
    printf '\n%s\n' "$mark"
    cat "work/.course/results-$to.tsv"
    exit 1
fi
judge=build/check/check-$(printf '%02d' "$to")
CHECK_MARK=$mark CHECK_WORK=work CHECK_FILES=build/check/exercises.tsv \
    exec "$judge" --build build/check --from "$from" --seed "$seed" --verbose
