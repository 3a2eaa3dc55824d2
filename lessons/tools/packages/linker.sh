#!/usr/bin/env bash
# linker.sh COMPILER FILE: FILE gets the flags of the quickest linker that is installed and works here. A
# header with holes is in every program from its lesson on: after an edit two thirds of the time are linking.
# Nothing is installed for it, and the usual linker needs no flag.
set -euo pipefail

compiler=$1 file=$2
# Asked again when there is another compiler, or another linker.
key="$compiler $(type -P ld.lld || :) $(type -P ld.gold || :)"
if [[ -s $file ]] && { IFS= read -r known && [[ $known == "$key" ]]; } <"$file"; then exit 0; fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo 'int main(int count, char**) { return count - 1; }' >"$scratch/main.cpp"

flags=
for name in lld gold; do
    type -P "ld.$name" >/dev/null || continue
    # At a fixed address there are 150,000 places less to be filled in, most of them the sanitizers'.
    try="-fuse-ld=$name -no-pie"
    # One that warns (gold, of clang's libraries) would do so with every program.
    # shellcheck disable=SC2086 # words
    if said=$($compiler -fsanitize=address,undefined -pthread $try "$scratch/main.cpp" -o "$scratch/main" 2>&1) &&
        [[ -z $said ]] && "$scratch/main" 2>/dev/null; then
        flags=$try
        break
    fi
done
printf '%s\n%s\n' "$key" "$flags" >"$file"
