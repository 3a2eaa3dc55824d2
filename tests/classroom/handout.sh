#!/usr/bin/env bash
# handout.sh MAKE BUILD: is a handout what it promises? For `make classroom`.
# It is unpacked in an empty folder and used there as a student would, with an environment of its
# own: its first check fails, and passes with the true files put in. Nothing of the teacher's is in
# it, and leaks.sh, which looks for answers, finds one that is put there.
set -euo pipefail

make=$1 build=$2 holes=$PWD/$2/tools/holes
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
. tests/classroom/common.sh

# All lessons that have checks, and the first of them.
last=0 first=0
for checks in lessons/[0-9][0-9]-*/checks.cpp; do
    number=${checks#lessons/}
    last=$((10#${number%%-*}))
    ((first > 0)) || first=$last
done

"$make" --no-print-directory handout FROM=1 TO="$last" >"$scratch/made"
archive=$build/handout-1-$last.tar.gz
tar -xzf "$archive" -C "$scratch"
tree=$scratch/handout-1-$last

# As on a machine where only this was unpacked.
mapfile -t compiler_cache < <(env | grep '^CCACHE_' || :)
student() {
    (cd "$tree" && env -i PATH="$PATH" HOME="$scratch" "${compiler_cache[@]}" \
        make --no-print-directory "$@") >"$scratch/output" 2>&1
}
says() { grep -qF -- "$1" "$scratch/output"; }

tar -tzf "$archive" >"$scratch/names"
expect "no teacher's notes, mutants or tests are in it" \
    not grep -qE '/(teacher\.md|TEACHING\.md|mutants|tests|\.git|grade|tools/teacher|compare\.sh)(/|$)' "$scratch/names"
expect "no line of an answer is in it" lessons/tools/teacher/leaks.sh 1 "$last" "$tree" "$holes"

# The workflow for GitHub Classroom: a test for each lesson, which the last step knows by its name.
workflow=$tree/.github/workflows/classroom.yml
expect "a workflow has a test for each lesson with checks" \
    test "$(grep -c 'command: make check-' "$workflow")" -eq "$(find lessons -name checks.cpp | wc -l)"
expect "its points are the scenarios" grep -q "max-score: $(lessons/tools/student/scenarios.sh 5 5 | wc -l)$" \
    <(grep -A4 'test-name: lesson 5$' "$workflow")
expect "its last step takes them all" test "$(sed -n 's/^ *id: //p' "$workflow" | paste -sd,)" = \
    "$(sed -n 's/^ *runners: //p' "$workflow")"
expect "a weight changes them" grep -q 'max-score: 39$' <(WEIGHTS='5/2=10 5/3=20' lessons/tools/teacher/handout_workflow.sh 5 5)

# The search itself: a comment, a text and code that give an answer away are found.
answer=$(diff <("$holes" cut "$last" "$("$holes" files "$last" | sed -n 1p)") \
    "$("$holes" files "$last" | sed -n 1p)" | sed -n 's/^> //p' |
    grep -vE '^ *(//|return [a-z]+;)' | grep -E '^.{40,}$' | sed -n 1p || :)
if [[ -n $answer ]]; then
    for place in "lessons/hint.md:" "lessons/hint.txt:- " "lessons/quote.md:> "; do
        printf '%s%s\n' "${place#*:}" "$answer" >"$tree/${place%%:*}"
        expect "an answer in ${place%%:*} is found" \
            not lessons/tools/teacher/leaks.sh 1 "$last" "$tree" "$holes" 2>"$scratch/found"
        rm "$tree/${place%%:*}"
    done
    file=$("$holes" files "$last" | sed -n 1p)
    cp "$tree/$file" "$scratch/kept"
    cp "$file" "$tree/$file"
    expect "an answer in the code is found" \
        not lessons/tools/teacher/leaks.sh 1 "$last" "$tree" "$holes" 2>"$scratch/found"
    cp "$scratch/kept" "$tree/$file"
fi

# From the first minute: everything can be seen, and nothing has been built yet.
expect "lesson-$first runs" student "lesson-$first"
expect "it says whose programs those are" says "(the course's own program; MINE=1 runs yours)"
expect "bare-1 runs" student bare-1
expect "lesson-$last runs, or says what it lacks" student "lesson-$last"
expect "explain runs" student explain HEX=8100
expect "nothing was built for that" not compgen -G "$tree/build/obj/*/*"
expect "the student's own program is built when it is asked for" not student "lesson-$first" MINE=1
expect "work/ is not hidden from git" not grep -q work "$tree/.gitignore"
expect "check-$first fails" not student "check-$first"
expect "it says the score" says "score "
expect "start-$first writes files" student "start-$first"
expect "check-$first fails with the files as they were written" not student "check-$first"
for lesson in $("$holes" list | sed 's|/.*||' | sort -un); do
    ((lesson <= first)) || continue
    for file in $("$holes" files "$lesson"); do
        mkdir -p "$tree/work/$(dirname "$file")"
        cp "$file" "$tree/work/$file"
    done
done
expect "check-$first passes with the true files" student "check-$first"
expect "progress shows it" student progress
expect "it is done" says done
expect "server-$first runs with the student's files" student "server-$first" MINE=1 ARGS=--help
expect "lesson-$first runs with them" student "lesson-$first" MINE=1
expect "there is no diff in a handout" not student "diff-$first"
expect "which is said in one line" says "a handout has no diff-$first"
expect "there are no tests in a handout" not student test

# What its texts run by hand is there before anything was built.
missing=$(grep -rhoE --include='*.md' '(build|reference)/(lessons/[a-z0-9/-]*/(server|client)|clients/[a-z]+)\b' "$tree/lessons" |
    sort -u | while IFS= read -r program; do [[ -x $tree/$program ]] || echo "$program"; done)
expect "every program that a text names is there: $missing" test -z "$missing"
expect "load runs" student load ARGS=--help

# Every link in its texts leads to a file.
broken=$(find "$tree" -name '*.md' | while IFS= read -r text; do
    { grep -oE '\]\([A-Za-z0-9_./-]*[./][A-Za-z0-9_./-]*' "$text" || :; } | sed 's/^](//' | while IFS= read -r link; do
        [[ $link == *://* || -e $(dirname "$text")/$link ]] || echo "$text: $link"
    done
done)
expect "every link leads to a file: $broken" test -z "$broken"

# Lessons 6 to 9: what comes before them is given.
"$make" --no-print-directory handout FROM=6 TO=9 >"$scratch/made"
tar -xzf "$build/handout-6-9.tar.gz" -C "$scratch"
tree=$scratch/handout-6-9
expect "6 to 9: lesson-6 runs" student lesson-6
missing=$(sed -n '/^constexpr .* files{/,/};/p' src/lab/pages.cpp | grep -oE '[a-z]+\.(css|js)' |
    while IFS= read -r page; do [[ -s $tree/clients/browser/$page ]] || echo "$page"; done)
expect "6 to 9: the pages of its servers are there: $missing" test -z "$missing"
expect "6 to 9: nothing is to be done for lesson 5" student progress
expect "6 to 9: next is lesson 6" says "next: make start-6"
expect "6 to 9: start-6 writes files" student start-6
expect "6 to 9: check-6 fails with them" not student check-6
expect "6 to 9: and no earlier lesson does" says "lesson 5: $(lessons/tools/student/scenarios.sh 5 5 | wc -l | sed 's|.*|&/&|')"
for file in $("$holes" files 6); do
    mkdir -p "$tree/work/$(dirname "$file")"
    cp "$file" "$tree/work/$file"
done
expect "6 to 9: check-6 passes with the true files" student check-6

# A lesson of its own, and wrong numbers.
"$make" --no-print-directory -s handout FROM="$last" TO="$last" >"$scratch/made"
expect "a handout of one lesson" grep -q "lessons $last to $last" "$scratch/made"
for wrong in "FROM=0 TO=1" "FROM=2 TO=1" "FROM=x TO=1" "FROM=1 TO=77"; do
    # shellcheck disable=SC2086 # two words
    expect "$wrong is refused in one line" eval \
        '! "$make" --no-print-directory -s handout $wrong >"$scratch/output" 2>&1 && [[ $(grep -c ^handout: "$scratch/output") -eq 1 ]]'
done

((failures == 0)) || cat "$scratch/output"
echo "handout: $failures failures"
((failures == 0))
