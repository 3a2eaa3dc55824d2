#!/usr/bin/env bash
# run.sh BUILD: after tests that were built with --coverage have run, prints what they have taken of each
# folder of src/. The whole of it, line by line, is BUILD/index.html.
# Left out of the branches by gcovr, because no test could take them: those that the compiler adds for
# exceptions (its two options), that of an assertion that fails, which ends the program, and those of the
# line with `switch`: each case is a line, and the branch for a value that the enumeration does not have is
# nobody's. The rest is in branches.txt, one by one.
set -euo pipefail

build=$1
here=$(dirname "${BASH_SOURCE[0]}")

# Newer ones want to be told what to do with a function that stands in several objects.
merge=()
! gcovr --help | grep -q -e --merge-mode-functions || merge=(--merge-mode-functions separate)
nice gcovr "${merge[@]}" --gcov-executable "$PWD/$here/gcov.sh" \
    --root . --filter src/ --object-directory "$build/obj" "$build/obj" \
    --exclude-unreachable-branches --exclude-throw-branches \
    --exclude-branches-by-pattern '.*\b(assert|switch) ?\(.*' \
    --json "$build/coverage.json" --html-details "$build/index.html" --html-title 'Tests of src/'
echo "line by line: $build/index.html"
python3 "$here/report.py" "$build/coverage.json" "$here/branches.txt"
