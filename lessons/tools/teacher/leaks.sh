#!/usr/bin/env bash
# leaks.sh FROM TO TREE HOLES: does a handout hold lines of an answer? The lines of the holes of
# lessons FROM to TO that are long enough to say something are looked for in every file of TREE.
# One is too many in a text or a script, and in a file that has holes, unless the given code has it
# anyway. In other code it takes three that follow each other: single lines, such as the head of a
# loop or two headers in their usual order, are everywhere.
set -euo pipefail

from=$1 to=$2 tree=$3 holes=$4
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The true lines, in their order, with an empty line where given code stands between them; and
# what the starters keep.
for ((lesson = from; lesson <= to; ++lesson)); do
    while IFS= read -r file; do
        "$holes" cut "$lesson" "$file" | sed 's/\[\[maybe_unused\]\] //' >"$scratch/cut"
        cat "$scratch/cut" >>"$scratch/kept"
        echo "$tree/$file" >>"$scratch/files"
        diff --unchanged-line-format='
' --old-line-format='' --new-line-format='%L' \
            "$scratch/cut" "$file" >>"$scratch/answers" || [[ $? -eq 1 ]]
        echo >>"$scratch/answers"
    done < <("$holes" files "$lesson")
done
touch "$scratch/answers" "$scratch/kept" "$scratch/files"

find "$tree" -type f ! -path "$tree/build/*" -print0 |
    LC_ALL=C sort -z |
    SCRATCH=$scratch TREE=$tree/ LC_ALL=C xargs -0 awk '
    BEGIN { scratch = ENVIRON["SCRATCH"] "/" }
    function trim(line) {
        sub(/^[ \t]*(> |- |\+ |\* )?[ \t]*/, "", line)
        sub(/[ \t\r]*$/, "", line)
        return line
    }
    # Words of the language alone, brackets, and comments give nothing away.
    function says_something(line) {
        return length(line) >= 12 && line !~ /^(\/\/|#|\*|return [a-z]+;$)/
    }
    function place() { return substr(FILENAME, length(ENVIRON["TREE"]) + 1) ":" FNR }
    function leak(where, text) { print where ": " text; ++leaks }
    function suspect(text) {
        if (text in single) { suspects[++count] = text; where[count] = place() }
    }
    FNR == 1 {
        before = ""; before_that = ""
        kind = FILENAME ~ /\.[ch]pp$/ ? "code" : "text"
        if (FILENAME in has_holes) kind = "holes"
        if (index(FILENAME, scratch) == 1) kind = substr(FILENAME, length(scratch) + 1)
    }
    kind == "files" { has_holes[$0] = 1; next }
    { line = trim($0) }
    kind == "kept" { given[line] = 1; next }
    kind == "answers" {
        if (!says_something(line)) { before = ""; before_that = ""; next }
        if (length(line) >= 24) single[line] = 1
        if (before_that != "") triple[before_that "\n" before "\n" line] = 1
        before_that = before; before = line
        next
    }
    line == "" { next }
    kind == "holes" { if (line in single && !(line in given)) leak(place(), line) }
    kind == "code" {
        if ((before_that "\n" before "\n" line) in triple) leak(place(), before_that " | " before " | " line)
        if (line in single) given[line] = 1
    }
    kind == "text" {
        suspect(line)
        n = split(line, parts, "`")
        for (i = 1; n > 1 && i <= n; ++i) suspect(trim(parts[i]))
    }
    { before_that = before; before = line }
    END {
        for (i = 1; i <= count; ++i) if (!(suspects[i] in given)) leak(where[i], suspects[i])
        if (leaks) { print "leaks: a handout must not hold lines of an answer"; exit 1 }
    }' "$scratch/files" "$scratch/answers" "$scratch/kept" >&2
