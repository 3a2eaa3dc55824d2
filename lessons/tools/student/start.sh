#!/usr/bin/env bash
# start.sh N WORK HOLES [FORCE]: writes the files of lesson N, with holes, to the folder WORK.
# A file that is there already is never overwritten; with FORCE it is kept as FILE.old-1, -2, ….
set -euo pipefail

number=$1 work=$2 holes=$3 force=${4:-}

folder=$(find lessons -maxdepth 1 -name "$(printf '%02d' "$number")-*")
if [[ -z $folder ]]; then
    echo "start: there is no lesson $number" >&2
    exit 2
fi

mkdir -p "$work/.course"
count=0
while IFS= read -r file; do
    target=$work/$file
    count=$((count + 1))
    if [[ -e $target && -z $force ]]; then
        echo "  kept     $target (yours; FORCE=1 writes it anew and keeps yours beside it)"
        continue
    fi
    mkdir -p "$(dirname "$target")"
    "$holes" cut "$number" "$file" >"$target.new"
    if [[ -e $target ]]; then
        old=1
        while [[ -e $target.old-$old ]]; do old=$((old + 1)); done
        mv "$target" "$target.old-$old"
        echo "  kept     $target.old-$old (yours until now)"
    fi
    mv "$target.new" "$target"
    echo "  written  $target"
done < <("$holes" files "$number")
touch "$work/.course/started-$number"

if ((count == 0)); then
    echo "Lesson $number has nothing to fill in: its exercises use its programs."
else
    echo
    "$holes" list "$number" | sort -sV -k1,1 | while IFS=$'\t' read -r exercise file _ task; do
        # In the file a task may take several lines: the first of them tells which it is.
        line=$(HEAD="// Exercise $exercise: " TASK=$task awk '
            at = index($0, ENVIRON["HEAD"]) {
                if (index(ENVIRON["TASK"], substr($0, at + length(ENVIRON["HEAD"]))) == 1) { print NR; exit }
            }' "$work/$file")
        printf '  %-5s %s%s\n' "$exercise" "$work/$file" "${line:+:$line}"
        fold -s -w 92 <<<"$task" | sed 's/^/        /; s/ *$//'
    done
fi
echo
echo "The tasks: $folder/exercises.md    the judge: make check-$number"
