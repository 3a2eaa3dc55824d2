#!/usr/bin/env bash
# book.sh FOLDER: the course as a book, a folder of HTML that works from the disk: begin with its
# index.html. TEACHER=1 adds what is the teacher's: plans, answers, wrong solutions.
# pandoc reads the Markdown and colours the code; book.lua runs inside it, for pandoc brings its Lua
# along: so nothing else needs to be installed. Runs in the root of the repository.
set -euo pipefail
folder=$1
tools=$(dirname "${BASH_SOURCE[0]}")

# The first one in which a filter can read and write documents of its own.
needed=2.17
version=$(pandoc --version 2>/dev/null | sed -n '1s/pandoc[^ ]* //p' || :)
if [[ $(printf '%s\n' "$needed" "${version:-0}" | sort -V | head -1) != "$needed" ]]; then
    echo "book: it takes pandoc $needed or newer${version:+, and this is $version}: apt-get install pandoc" >&2
    exit 1
fi

# The new book takes the place of the old one when it is whole.
new=$folder.new
rm -rf "$new"
mkdir -p "$new"
cp "$tools/book.css" "$new"
lab=clients/browser/lab.html
if [[ -f $lab ]]; then
    mkdir "$new/lab"
    # The page, and what it names.
    for file in lab.html $(grep -oE '(src|href)="[a-z_]+\.(js|css)"' "$lab" | cut -d'"' -f2); do
        cp "clients/browser/$file" "$new/lab"
    done
fi
BOOK=$new TEACHER=${TEACHER:-} LAB=$([[ ! -f $lab ]] || echo lab/lab.html) \
    pandoc --from=markdown --to=plain --lua-filter="$tools/book.lua" /dev/null
rm -rf "$folder"
mv "$new" "$folder"
echo "$folder/index.html: $(find "$folder" -maxdepth 1 -name '*.html' | wc -l) pages"
