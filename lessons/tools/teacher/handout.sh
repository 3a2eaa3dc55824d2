#!/usr/bin/env bash
# handout.sh FROM TO DIR HOLES TEXTS: makes the tree that students get, in DIR: lessons 1 to TO,
# with holes in the files of lessons FROM to TO, and nothing that holds an answer (leaks.sh looks).
# handout.sh --pack FROM TO BUILD HOLES TEXTS: the same as BUILD/handout-FROM-TO.tar.gz, with the course's
# programs, built, in reference/: they can be run, and not read.
# `make grade` judges submissions in such a tree.
# The code in the texts is pulled anew from the files with holes; a place that a text shows and
# that is cut says so. Runs in the root of the repository.
set -euo pipefail

pack=
if [[ $1 == --pack ]]; then
    pack=1
    shift
fi
from=$1 to=$2 target=$3 holes=$4 texts=$PWD/$5

# --- what was asked for -------------------------------------------------------------------------

stop() {
    echo "handout: $*" >&2
    exit 2
}
has_lesson() { compgen -G "lessons/$(printf '%02d' "$1")-*" >/dev/null; }
[[ ! -f lessons/HANDOUT ]] || stop "this is a handout already; your teacher makes them"
for number in "$from" "$to"; do
    [[ $number =~ ^[1-9][0-9]?$ ]] && has_lesson "$number" ||
        stop "there is no lesson '$number'; say FROM=1 TO=8, for instance"
done
((from <= to)) || stop "FROM=$from is greater than TO=$to"

if [[ -n $pack ]]; then
    build=$target
    name=handout-$from-$to
    archive=$target/$name.tar.gz
    target=$(mktemp -d)/$name
    trap 'rm -rf "${target%/*}"' EXIT
fi

# --- the files ----------------------------------------------------------------------------------

# Of src/: what lessons 1 to TO are linked from.
units() { make --no-print-directory -s "print-SRC_$(printf '%02d' "$to")"; }

# The files of a handout. What is the teacher's stays here: teacher.md and mutants of each lesson,
# TEACHING.md, what makes handouts and grades, the tests (they know too much), and the course's
# programs that are built from files that are yet to be written.
files() {
    local unit file number
    echo Makefile lessons/classroom.mk .clang-format .gitattributes src/README.md | tr ' ' '\n'
    for unit in $(units); do
        for file in "src/$unit.hpp" "src/$unit.cpp"; do [[ ! -f $file ]] || echo "$file"; done
    done
    for file in lessons/[0-9][0-9]-*/* lessons/[0-9][0-9]-*/bare/*; do
        number=${file#lessons/}
        number=$((10#${number%%-*}))
        ((number <= to)) && [[ -f $file ]] || continue
        # What is before the first lesson is given, so it has no holes.
        [[ $file == */teacher.md || ($file == */starter.md && $number -lt $from) ]] || echo "$file"
    done
    find lessons/tools -type f ! -path '*/teacher/*' ! -path '*/grade/*' ! -name compare.sh
    # The servers from lesson 5 on show pages, with the frame lab.
    ((to < 5)) || { echo clients/explain/main.cpp && find clients/browser -type f; }
}

mkdir -p "$target"
files | while IFS= read -r file; do
    [[ -f $file ]] || continue
    mkdir -p "$target/$(dirname "$file")"
    cp --preserve=mode "$file" "$target/$file"
done

# GitHub Classroom, or anybody's repository on GitHub, runs the checks at every push.
if [[ -n $pack ]]; then
    mkdir -p "$target/.github/workflows"
    lessons/tools/teacher/handout_workflow.sh "$from" "$to" >"$target/.github/workflows/classroom.yml"
fi

# What a student builds is not handed in; what is in work/ is.
echo /build/ >"$target/.gitignore"

# --- the course's programs, built ---------------------------------------------------------------

# Without their symbols, and without asking for the C++ library of this machine.
reference() {
    local folder program programs=()
    for folder in lessons/[0-9][0-9]-*/; do
        folder=${folder%/}
        program=${folder#lessons/}
        ((10#${program%%-*} <= to)) || continue
        programs+=("$folder/server" "$folder/client")
        for program in "$folder"/bare/*.cpp; do [[ ! -f $program ]] || programs+=("${program%.cpp}"); done
    done
    ((to < 5)) || programs+=(clients/explain)
    ((to < 15)) || programs+=(clients/load)
    local shared=$build/reference
    "${MAKE:-make}" --no-print-directory -s BUILD="$shared" LDFLAGS='-static-libstdc++ -static-libgcc' \
        "${programs[@]/#/$shared/}" >&2
    for program in "${programs[@]}"; do
        mkdir -p "$target/reference/${program%/*}"
        strip -o "$target/reference/$program" "$shared/$program"
    done
}
[[ -z $pack ]] || reference

# --- the texts ----------------------------------------------------------------------------------

# The files as a student will see them in work/.
"$holes" files | while IFS= read -r file; do
    [[ ! -f $target/$file ]] || "$holes" handout "$from" "$to" "$file" >"$target/$file"
done

lessons_table() {
    local folder name
    for folder in lessons/[0-9][0-9]-*/; do
        name=$(basename "$folder")
        ((10#${name%%-*} >= from && 10#${name%%-*} <= to)) || continue
        echo "| $((10#${name%%-*})) | [${name#*-}](lessons/$name/README.md) |"
    done
}
sed -e "s/@FROM@/$from/g" -e "s/@TO@/$to/g" lessons/tools/teacher/handout.in |
    while IFS= read -r line; do
        if [[ $line == @LESSONS@ ]]; then lessons_table; else printf '%s\n' "$line"; fi
    done >"$target/README.md"

(cd "$target" && "$texts" --handout)

# What the texts run by hand lies in reference/, too.
[[ -z $pack ]] || find "$target/lessons" -name '*.md' -exec sed -i -E 's#(^|[^/])build/(lessons|clients)/#\1reference/\2/#g' {} +

# A link to what is not in the handout becomes plain words.
find "$target" -name '*.md' | while IFS= read -r text; do
    folder=$(dirname "$text")
    { grep -oE '\[[^]]+\]\([A-Za-z0-9_./-]*[./][A-Za-z0-9_./-]*(#[^)]*)?\)' "$text" || :; } | sort -u | while IFS= read -r link; do
        path=${link##*](}
        path=${path%)}
        path=${path%%#*}
        [[ $path != *://* && ! -e $folder/$path ]] || continue
        words=${link%%](*}
        words=${words#[}
        LINK=$link WORDS=$words awk '{
            while ((at = index($0, ENVIRON["LINK"])) > 0)
                $0 = substr($0, 1, at - 1) ENVIRON["WORDS"] substr($0, at + length(ENVIRON["LINK"]))
            print }' "$text" >"$text.new"
        mv "$text.new" "$text"
    done
done

# What tells the Makefile that this is a handout, and which lessons it is for.
echo "$from $to" >"$target/lessons/HANDOUT"
mkdir -p "$target/build" "$target/work"
find "$target" -type d -exec chmod 755 {} +
find "$target" -type f -exec chmod u+rw,go+r {} +
[[ -z $pack ]] || find "$target/reference" -type f -exec chmod +x {} +

lessons/tools/teacher/leaks.sh "$from" "$to" "$target" "$holes"

if [[ -n $pack ]]; then
    tar --create --gzip --file="$archive" --sort=name --owner=0 --group=0 --numeric-owner \
        -C "${target%/*}" "$name"
    echo "$archive: lessons $from to $to, $(tar -tf "$archive" | grep -vc '/$') files, $(du -k "$archive" | cut -f1) KB"
fi
