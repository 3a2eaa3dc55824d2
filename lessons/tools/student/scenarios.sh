#!/usr/bin/env bash
# scenarios.sh FIRST LAST: the scenarios of these lessons as they stand in their checks.cpp, without
# building anything: lines "LESSON NAME EXERCISE". So a wrong T=name is refused at once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

for checks in lessons/[0-9][0-9]-*/checks*.cpp; do
    number=${checks#lessons/}
    number=$((10#${number%%-*}))
    ((number >= $1 && number <= $2)) || continue
    # One without a scenario has what the others share.
    tr '\n' ' ' <"$checks" |
        { grep -oE 'Scenario [a-z0-9_]+\{ *"[^"]+", *exercise\([0-9]+' || :; } |
        sed -E 's/^[^"]*"([^"]+)".*[^0-9]([0-9]+)$/'"$number"' \1 \2/'
done
