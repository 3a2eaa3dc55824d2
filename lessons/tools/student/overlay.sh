#!/usr/bin/env bash
# overlay.sh BUILD OVERLAY: deletes the objects below BUILD that no longer fit the student's files.
#
# An object was made from src/ws/frame.cpp or from OVERLAY/src/ws/frame.cpp, whichever existed then.
# make compares dates only: it does not see that a file appeared beside an older object, or went
# away. So the list of the student's files and what is in them is kept from build to build, and
# where it differs, whatever was made with such a file goes, whoever's copy it was made from.
set -euo pipefail

build=$1 overlay=$2
list=$build/overlay.list
mkdir -p "$build/obj"

new=$(mktemp)
trap 'rm -f "$new"' EXIT
if [[ -d $overlay ]]; then
    find "$overlay" -path "$overlay/.course" -prune -o -type f \( -name '*.cpp' -o -name '*.hpp' \) -print0 |
        sort -z | xargs -0 -r cksum >"$new"
fi
touch "$list"

# The third word on is the path; what stands before it, its sum.
changed=$(diff "$list" "$new" | sed -n 's/^[<>] [0-9]* [0-9]* //p' || :)
while IFS= read -r path; do
    [[ -n $path ]] || continue
    # The part that both copies share: src/ws/frame.cpp, lessons/06-native-echo/server.cpp.
    shared=src/${path##*/src/}
    [[ $path == */src/* ]] || shared=lessons/${path##*/lessons/}
    while IFS= read -r -d '' rules; do
        rm -f "$rules" "${rules%.d}.o"
    done < <(find "$build/obj" -name '*.d' -print0 |
        xargs -0 -r grep -lZ -F -e "$shared" || :)
done <<<"$changed"

mv "$new" "$list"
trap - EXIT
