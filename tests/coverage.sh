#!/usr/bin/env bash
# coverage.sh BUILD: after tests that were built with --coverage have run, prints what they have taken of
# each folder of src/. The whole of it, line by line, is BUILD/index.html.
# A folder below its goal fails. Left out of the branches, because no test could take them: those that the
# compiler adds for exceptions (gcovr's two options), that of an assertion that fails, which ends the
# program, and those of the line with `switch`: each case is a line, and the branch for a value that the
# enumeration does not have is nobody's. Not all that could be left out is: the cleaning up after an exception
# has branches of its own, which gcov does not mark, and so has a header's function in each object that holds
# it and never calls it.
set -euo pipefail

build=$1
goals='ws 100 96, net 95 0, endpoint 95 0, json 95 0'  # folder, lines and branches in per cent

# Newer ones want to be told what to do with a function that stands in several objects.
merge=()
! gcovr --help | grep -q -e --merge-mode-functions || merge=(--merge-mode-functions separate)
nice gcovr "${merge[@]}" \
    --root . --filter src/ --object-directory "$build/obj" "$build/obj" \
    --exclude-unreachable-branches --exclude-throw-branches \
    --exclude-branches-by-pattern '.*\b(assert|switch) ?\(.*' \
    --csv "$build/coverage.csv" --html-details "$build/index.html" --html-title 'Tests of src/'

awk -F, -v goals="$goals" -v page="$build/index.html" '
    NR > 1 {
        split($1, path, "/")
        lines[path[2]] += $2; taken[path[2]] += $3
        branches[path[2]] += $5; branches_taken[path[2]] += $6
    }
    function percent(part, all) { return all == 0 ? 100 : 100 * part / all }
    # Rounded down: 100.0 is all of them.
    function shown(part, all) { return sprintf("%.1f", int(10 * percent(part, all)) / 10) }
    END {
        count = split(goals, list, ", ")
        for (i = 1; i <= count; ++i) { split(list[i], goal, " "); least[goal[1]] = goal[2]; least_branches[goal[1]] = goal[3] }
        print "folder      lines      %  branches      %"
        for (folder in lines) names[++found] = folder
        for (i = 2; i <= found; ++i)
            for (j = i; j > 1 && names[j] < names[j - 1]; --j) { swap = names[j]; names[j] = names[j - 1]; names[j - 1] = swap }
        for (i = 1; i <= found; ++i) {
            folder = names[i]
            missed = percent(taken[folder], lines[folder]) < least[folder] || \
                     percent(branches_taken[folder], branches[folder]) < least_branches[folder]
            printf "%-10s %6d  %5s  %8d  %5s%s\n", folder, lines[folder], shown(taken[folder], lines[folder]), \
                branches[folder], shown(branches_taken[folder], branches[folder]), \
                missed ? "  below the goal: lines " least[folder] " %, branches " least_branches[folder] " %" : ""
            failed = failed || missed
        }
        print "line by line: " page
        exit failed
    }' "$build/coverage.csv"
