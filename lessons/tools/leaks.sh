#!/usr/bin/env bash
# leaks.sh FROM TO TREE HOLES: does a handout hold a line of an answer? Each line of the holes of
# lessons FROM to TO that is long enough to be an answer is looked for in every file of TREE.
# In texts and scripts one such line is too many, unless the given code has it anyway; in code, two
# that follow each other, since single lines such as a loop's head are everywhere.
set -euo pipefail

from=$1 to=$2 tree=$3 holes=$4
answers=$(mktemp)
trap 'rm -f "$answers"' EXIT

# The true lines, in their order, with an empty line where given code stands between them.
for ((lesson = from; lesson <= to; ++lesson)); do
    while IFS= read -r file; do
        # diff says "> LINE" for what only the true file has, "-" for all the rest.
        diff --unchanged-line-format='
' --old-line-format='' --new-line-format='%L' \
            <("$holes" cut "$lesson" "$file") <("$holes" strip "$file") >>"$answers" || [[ $? -eq 1 ]]
        echo >>"$answers"
    done < <("$holes" files "$lesson")
done

find "$tree" -type f ! -path "$tree/build/*" -print0 |
    LC_ALL=C sort -z | LC_ALL=C xargs -0 awk -v tree="$tree/" '
    function trim(line) {
        sub(/^[ \t]*(> |- |\+ )?[ \t]*/, "", line)
        sub(/[ \t\r]*$/, "", line)
        return line
    }
    # Words of the language alone, brackets, and comments give nothing away.
    function says_something(line) { return length(line) >= 12 && line !~ /^(\/\/|#|\*|return [a-z]+;$)/ }
    FNR == 1 { before = "" ; answers = FILENAME == "'"$answers"'" ; code = FILENAME ~ /\.[ch]pp$/ }
    { line = trim($0) }
    answers {
        if (!says_something(line)) { before = ""; next }
        if (length(line) >= 24) single[line] = 1
        if (before != "") pair[before "\n" line] = 1
        before = line
        next
    }
    line == "" { next }
    code && before != "" && (before "\n" line) in pair { leak(before " | " line) }
    code && line in single { given[line] = 1 }
    !code {
        check(line)
        n = split(line, parts, "`")
        for (i = 1; n > 1 && i <= n; ++i) check(trim(parts[i]))
    }
    { before = line }
    function check(text) { if (text in single) { suspects[++count] = text; where[count] = place() } }
    function place() { name = FILENAME; sub(tree, "", name); return name ":" FNR }
    function leak(text) { print place() ": " text; ++leaks }
    END {
        for (i = 1; i <= count; ++i)
            if (!(suspects[i] in given)) { print where[i] ": " suspects[i]; ++leaks }
        if (leaks) { print "leaks: a handout must not hold lines of an answer" ; exit 1 }
    }' "$answers" >&2
