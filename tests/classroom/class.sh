#!/usr/bin/env bash
# class.sh MAKE BUILD: a class of 30 hands in its work and is graded. For `make classroom`.
# Among them: right and wrong solutions in every form of archive; an endless loop, a fork bomb, one
# that eats memory, one that fills the disk, one that prints without end, one that kills whatever it
# can; one that does not compile, one that writes outside its folder, one that asks the network,
# one that hands in its own judge, links and paths that lead elsewhere, and nothing at all.
# Each must get its verdict, and none may harm another or this machine.
set -euo pipefail

make=$1 build=$2 holes=$2/tools/holes
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
class=$scratch/class proof=$scratch/proof
mkdir -p "$class" "$proof"
chmod 777 "$scratch" "$proof" # so that only the sandbox stands in the way
. tests/classroom/common.sh

# --- the class ----------------------------------------------------------------------------------

# A lesson whose holes are in .cpp files only, so that little is built anew for each; and a function
# of it to put mischief into.
lesson=4 lessons=4 file=src/ws/handshake.cpp function='Errc check_request('
folder=$(echo "lessons/$(printf '%02d' "$lesson")"-*)

# mischief NAME CODE [INCLUDES]: a right solution that does something else as well, each time that
# the function is called.
mischief() {
    local name=$1 code=$2 target=$class/$1/work/$file
    right "$class/$name/work"
    { printf '#include <%s>\n' csignal cstdlib fstream string vector unistd.h sys/socket.h netinet/in.h arpa/inet.h
        PLACE=$function CODE=$code awk '
            { print }
            index($0, ENVIRON["PLACE"]) == 1 { within = 1 }
            within && /\{$/ { print ENVIRON["CODE"]; within = 0 }' "$target"; } >"$target.new"
    mv "$target.new" "$target"
    grep -qF -- "$code" "$target"
}
# pack NAME COMMAND...: turns the folder NAME into what the command makes of it.
pack() {
    local name=$1
    shift
    (cd "$class" && "$@")
    rm -rf "${class:?}/$name"
}

right "$class/01-folder/work"
right "$class/02-without-work"
right "$class/03-nested/homework/of/week/3/work"
right "$class/04-tar/work" && pack 04-tar tar -cf 04-tar.tar 04-tar
right "$class/05-tgz/work" && pack 05-tgz tar -czf 05-tgz.tgz -C 05-tgz .
right "$class/06-targz/work" && pack 06-targz tar -czf 06-targz.tar.gz -C 06-targz work
right "$class/07 with blanks, \"quotes\"/work"
right "$class/=08-formula/work"
right "$class/09-whole-handout/work" && starter "$class/09-whole-handout"
if command -v zip >/dev/null && command -v unzip >/dev/null; then
    right "$class/10-zip/work" && pack 10-zip zip -qr 10-zip.zip 10-zip
else
    right "$class/10-zip/work"
fi
starter "$class/11-starter/work"
mkdir "$class/12-empty"
printf 'not an archive' >"$class/13-broken.tar.gz"
right "$class/14-syntax/work" && echo 'int main( {' >>"$class/14-syntax/work/$file"
right "$class/15-link" && ln -s /etc/passwd "$class/15-link/notes"
right "$class/16-tar-link/work" && ln -s / "$class/16-tar-link/root" && pack 16-tar-link tar -cf 16-tar-link.tar 16-tar-link
right "$class/17-dotdot/work" && pack 17-dotdot tar -cPf 17-dotdot.tar --transform 's|^17-dotdot|17-dotdot/../../escaped|' 17-dotdot
starter "$class/18-own-judge/work"
mkdir -p "$class/18-own-judge/work/$folder" "$class/18-own-judge/work/lessons/tools/student"
printf '#!/bin/sh\nexit 0\n' | tee "$class/18-own-judge/work/lessons/tools/student/check.sh" >"$class/18-own-judge/work/Makefile"
printf 'int none;\n' >"$class/18-own-judge/work/$folder/checks.cpp"
starter "$class/19-true-source/work"
printf '#include "%s/%s"\n' "$PWD" "$file" >"$class/19-true-source/work/$file"
mischief 20-endless-loop 'for (;;) continue;'
mischief 21-fork-bomb 'for (;;) ::fork();'
mischief 22-memory 'std::vector<char*> all; for (;;) { all.push_back(new char[1 << 20]); for (int i = 0; i < 1 << 20; i += 4096) all.back()[i] = 1; }'
mischief 23-disk 'for (int n = 0;; ++n) { std::ofstream f("work/" + std::to_string(n)); for (int i = 0; i < 100 && f; ++i) f << std::string(1 << 20, 1); }'
mischief 24-prints 'for (;;) { if (::write(2, "you and you and you and you\n", 28) < 0) break; }'
mischief 25-kills '::kill(-1, SIGKILL);'
mischief 26-outside "for (const char* at : {\"$PWD/escaped\", \"$PWD/lessons/escaped\", \"$proof/escaped\", \"/escaped\", \"/usr/escaped\", \"/inside.sh\", \"/base/escaped\", \"/submission/escaped\"}) { if (std::ofstream(at) << \"x\" << std::flush) std::abort(); }"
# A port of this machine that somebody listens on: nobody may come.
mischief 27-network "int s = ::socket(AF_INET, SOCK_STREAM, 0); sockaddr_in a{}; a.sin_family = AF_INET; a.sin_port = htons(22); ::inet_pton(AF_INET, \"192.0.2.1\", &a.sin_addr); if (::connect(s, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0 || errno != ENETUNREACH) std::abort(); ::close(s);"
mischief 28-daemon 'static bool once = [] { if (::fork() == 0) { ::setsid(); if (::fork() == 0) for (;;) ::pause(); ::_exit(0); } return true; }(); (void)once;'

# Two mistakes that people make.
number=29
for patch in "$folder"/mutants/*.patch; do
    ((number <= 30)) || break
    name=$class/$number-$(basename "$patch" .patch)
    mkdir -p "$name/true"
    for one in $("$holes" files "$lesson"); do cp --parents "$one" "$name/true"; done
    patch -s -d "$name/true" -p1 --no-backup-if-mismatch <"$patch" || { rm -rf "$name" && continue; }
    for one in $("$holes" files "$lesson"); do
        mkdir -p "$name/work/$(dirname "$one")"
        cp "$name/true/$one" "$name/work/$one"
    done
    rm -r "$name/true"
    number=$((number + 1))
done
for (( ; number <= 30; ++number)); do starter "$class/$number-starter/work"; done

# --- the grading --------------------------------------------------------------------------------

handed_in=$(find "$class" -mindepth 1 -maxdepth 1 | wc -l)
expect "30 have handed in ($handed_in)" test "$handed_in" -eq 30
begin=$SECONDS
touch "$scratch/begin"
status=0
"$make" --no-print-directory grade DIR="$class" FROM="$lesson" TO="$lesson" SEED=5eed TIME=240 >"$scratch/table" || status=$?
cat "$scratch/table"
echo "graded in $((SECONDS - begin)) s"
expect "grading ends well" test "$status" -eq 0
((status == 0)) || exit 1
csv=$build/grade/latest/results.csv

verdict() { column "$csv" "$1" 2; }
is() { # NAME VERDICT...
    local name=$1 got
    got=$(verdict "$name")
    shift
    local wanted
    for wanted in "$@"; do [[ $got != "$wanted" ]] || { expect "$name: $got" true && return; }; done
    expect "$name: '$got' instead of '$*'" false
}
expect "a row for each" test "$(wc -l <"$csv")" -eq 31
for name in 01 02 03 04 05 06 quoted "'=08" 09 10; do is "$name" passed; done
is 11 failed
is 12 empty
is 13 refused
is 14 "did not compile"
for name in 15 16 17; do is "$name" refused; done
is 18 failed
is 19 "did not compile"
is 20 failed "timed out"
is 21 "too many processes"
is 22 failed "out of memory"
is 23 failed "timed out"
is 24 failed "timed out" "no results"
is 25 failed "no results" "timed out"
is 26 passed
is 27 passed
is 28 passed
is 29 failed
is 30 failed

expect "nothing was written outside" not test -e "$proof/escaped" -o -e escaped -o -e lessons/escaped -o -e /escaped -o -e /usr/escaped
expect "nobody's process is left" not somebody_is_left
expect "JSON has 30 students" test "$(grep -c '"student":' "$build/grade/latest/results.json")" -eq 30
expect "it names scenarios" grep -q "\"scenario\":\"$lesson/" "$build/grade/latest/results.json"

# --- what each student gets, and what a teacher looks at twice -----------------------------------

latest=$build/grade/latest
expect "a page for each" test "$(find "$latest/feedback" -name '*.html' | wc -l)" -eq 30
expect "it explains" grep -qi "expected" "$latest/feedback/29-"*.html
expect "it leads to the exercise" grep -q 'href="book/04-handshake-exercises.html#exercise-[0-9]"' "$latest/feedback/11-starter.html"
expect "results.json for Gradescope, one for each" test "$(grep -l '"max_score":14.0' "$latest"/gradescope/*.json | wc -l)" -eq 30
json_of() { grep -F "\"student\":\"$1\"" "$latest/results.json"; }
expect "fork is a suspicious word" grep -q '"suspicious_words":"fork"' <<<"$(json_of 21-fork-bomb)"
expect "the true file has none" grep -q '"suspicious_words":""' <<<"$(json_of 01-folder)"
expect "copies are alike" grep -q '"likeness":100' <<<"$(json_of 01-folder)"
expect "a starter is like nobody" grep -q '"likeness":0,"like":""' <<<"$(json_of 11-starter)"

# --- one student again: her row alone is another ---------------------------------------------------

right "$class/11-starter/work"
"$make" --no-print-directory grade DIR="$class" FROM="$lesson" TO="$lesson" STUDENT=11-starter >"$scratch/table"
is 11 passed
is 14 "did not compile"
expect "still a row for each, and one folder of results" \
    test "$(wc -l <"$csv") $(find "$build/grade" -maxdepth 1 -name '20*' -newer "$scratch/begin" | wc -l)" = "31 1"

# --- weights, dates, and one submission as Gradescope gives it ------------------------------------

mkdir "$scratch/few"
starter "$scratch/few/anna/work"
find "$scratch/few/anna" -type f -exec touch -d '2026-03-03 12:00' {} +
"$make" --no-print-directory -s grade DIR="$scratch/few" FROM="$lesson" TO="$lesson" WEIGHTS="$lesson/2=10 $lesson/3=0 $lesson/1=1" \
    DUE='2026-03-01 23:59' LATE_DAYS=1 >"$scratch/table" 2>"$scratch/errors"
expect "a weight that counts nothing is told" grep -q "nothing judges exercise $lesson/1 " "$scratch/errors"
expect "two days late, one more than allowed" grep -q ',2026-03-03 12:00:00,2,1,' "$csv"
of_points=$(sed -n 's/.*"of_points":\([0-9.]*\),.*/\1/p' "$latest/results.json")
expect "the points are the same everywhere ($of_points)" \
    grep -q "\"max_score\":$of_points," "$latest/gradescope/anna.json"

right "$scratch/submission/work"
as_gradescope() {
    "$make" --no-print-directory -s grade SUBMISSION="$scratch/submission" RESULTS="$scratch/results.json" \
        FROM="$lesson" TO="$lesson" VISIBILITY=after_published "$@" >"$scratch/table" 2>&1
}
as_gradescope || cat "$scratch/table"
expect "one submission has all points" grep -q '^{"score":14.0,"max_score":14.0,.*"visibility":"after_published"' "$scratch/results.json"
if [[ $(id -u) -eq 0 ]]; then
    mode=$(stat -c %a .)
    chmod 755 .
    expect "without a sandbox the true source must be closed" not as_gradescope SANDBOX=none
    rm "$scratch/results.json"
    chmod 700 .
    as_gradescope SANDBOX=none || cat "$scratch/table"
    expect "without a sandbox, too" grep -q '^{"score":14.0,' "$scratch/results.json"
    # The true source, by its path.
    printf '#include "%s/%s"\n' "$PWD" "$file" >"$scratch/submission/work/$file"
    as_gradescope SANDBOX=none || cat "$scratch/table"
    expect "there is no true source to include" grep -q '^{"score":0.0,.*did not compile' "$scratch/results.json"
    chmod "$mode" .
fi

# --- wrong usage: one line, and what would be right ----------------------------------------------

wrong() { # WHAT ARGUMENTS...
    local what=$1
    shift
    expect "$what is refused in one line" eval \
        '! "$make" --no-print-directory -s grade "$@" >"$scratch/output" 2>&1 && [[ $(grep -c ^grade: "$scratch/output") -eq 1 ]]'
}
wrong "no DIR"
wrong "no such folder" DIR="$scratch/none"
wrong "a seed that is none" DIR="$class" SEED=xyz
wrong "a number that is none" DIR="$class" JOBS=many
wrong "weights that are none" DIR="$class" WEIGHTS=5/2
wrong "a date that is none" DIR="$class" DUE=tomorrow
wrong "late days that are none" DIR="$class" LATE_DAYS=few
wrong "a class and one" DIR="$class" SUBMISSION="$scratch/submission"
wrong "results of a class" DIR="$class" RESULTS="$scratch/results.json"
mkdir "$scratch/nobody"
wrong "a folder without submissions" DIR="$scratch/nobody" FROM="$lesson" TO="$lesson"

echo "class: $failures failures"
((failures == 0))
