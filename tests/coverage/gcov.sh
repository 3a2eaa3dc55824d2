#!/bin/sh
# gcov.sh ARGUMENTS: gcov, less the branches of lines that an object never ran. Of those gcov does not say
# which ones are for exceptions; and a header's function stands in every object that includes it, run or not.
# A line that no object runs is found as a line. In a header's lines that it ran, it may have got to some of
# the branches only; the others lie after one that it did not take, which is found where no object takes it.
set -eu

"${GCOV:-gcov}" "$@"
for file in *.gcov; do
    [ -f "$file" ] || continue  # none was written
    case $file in *.hpp*) header=1 ;; *) header=0 ;; esac
    awk -v header="$header" '/^ *(#####|=====):/ { never = 1; print; next }
         header && /^branch .* never executed/ { next }
         never && /^(branch|call|unconditional) / { next }
         { never = 0; print }' "$file" >"$file.less"
    mv "$file.less" "$file"
done
