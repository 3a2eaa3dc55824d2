#!/bin/sh
# gcov.sh ARGUMENTS: gcov, less the branches of lines that an object never ran. Of those gcov does not say
# which ones are for exceptions; and a header's function stands in every object that includes it, run or not.
# A line that no object runs is found as a line.
set -eu

"${GCOV:-gcov}" "$@"
for file in *.gcov; do
    [ -f "$file" ] || continue  # none was written
    awk '/^ *(#####|=====):/ { never = 1; print; next }
         never && /^(branch|call|unconditional) / { next }
         { never = 0; print }' "$file" >"$file.less"
    mv "$file.less" "$file"
done
