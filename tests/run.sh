#!/usr/bin/env bash
# run.sh PROGRAM [ARGUMENTS]: runs the tests. With arguments, as they ask; without, all of them in
# four processes side by side: they wait more than they compute. What a process says is shown when
# it has ended, and below all of it one summary, in the words of doctest.
set -euo pipefail

program=$1
shift
(($# == 0)) || exec "$program" "$@"

said=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || :; rm -rf "$said"' EXIT

folders=(clients classroom lessons)
for folder in "${folders[@]}"; do
    "$program" --no-intro --source-file="*tests/$folder/*" >"$said/$folder" 2>&1 &
done
rest=$(printf '*tests/%s/*,' "${folders[@]}")
"$program" --no-intro --source-file-exclude="${rest%,}" >"$said/others" 2>&1 &

status=0
for job in $(jobs -p); do
    wait "$job" || status=1
done

for folder in "${folders[@]}" others; do
    echo "--- tests: $folder"
    cat "$said/$folder"
done
cat "$said"/* | awk -v status="$status" -F'[:|]' '
    # "[doctest] test cases:  15 |  15 passed | 0 failed | 701 skipped"
    /^\[doctest\] (test cases|assertions):/ {
        what = ($1 ~ /assertions/) ? "assertions" : "test cases"
        all[what] += $2; passed[what] += $3; failed[what] += $4
        summaries++
    }
    END {
        print "---"
        printf "[doctest] test cases: %d | %d passed | %d failed |\n", all["test cases"], passed["test cases"], failed["test cases"]
        printf "[doctest] assertions: %d | %d passed | %d failed |\n", all["assertions"], passed["assertions"], failed["assertions"]
        # A process that ended without its two lines has crashed.
        print "[doctest] Status: " (status == 0 && summaries == 8 ? "SUCCESS!" : "FAILURE!")
        exit !(status == 0 && summaries == 8)
    }'
