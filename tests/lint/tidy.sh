#!/usr/bin/env bash
# tidy.sh FILE RESULT COMPILER INCLUDES...: clang-tidy over FILE; a warning fails. RESULT keeps a sum of the
# code in which nothing was found, comments and line numbers apart: where only comments have changed, in FILE
# or in a header, it is not looked at again. Beside RESULT lies what clang-tidy said (.log) and, for make, the
# list of headers (.d). What is warned of in a header comes with each file that includes it.
set -euo pipefail

file=$1 result=$2 compiler=$3
shift 3
flags=(-std=c++20 "$@")

code() {
    "$compiler" "${flags[@]}" -w -D__LINE__=0 -E -P \
        -MMD -MP -MT "$result" -MF "${result%.tidy}.d" "$file"
}

mkdir -p "$(dirname "$result")"
sum=$({ code; grep -v '^#' .clang-tidy; } | sha256sum)
if [[ ! -e $result || $(<"$result") != "$sum" ]]; then
    log=${result%.tidy}.log
    clang-tidy --quiet "$file" -- "${flags[@]}" >"$log" 2>&1 || { cat "$log"; exit 1; }
fi
echo "$sum" >"$result"
