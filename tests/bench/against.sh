#!/usr/bin/env bash
# against.sh BUILD REV: `make bench-against`. Builds lesson 11's server as it was at a commit, into
# BUILD/against, and measures it side by side with the one that is here.
set -euo pipefail

build=$1 revision=$2
if [[ -z $revision ]]; then
    echo "bench-against: which commit? make bench-against REV=HEAD~1 (ONLY=a,b ROUNDS=5)" >&2
    exit 2
fi
if ! commit=$(git rev-parse --short --verify --quiet "$revision^{commit}"); then
    echo "bench-against: git knows no commit '$revision'" >&2
    exit 2
fi
folder=$build/against/$commit
if [[ ! -x $folder/build/lessons/11-event-loop/server ]]; then
    echo "bench-against: building $revision ($commit)" >&2
    rm -rf "$folder"
    mkdir -p "$folder"
    git archive "$commit" | tar -x -C "$folder"
    # Without what is set for this make: it is another one.
    env -u MAKEFLAGS -u MAKELEVEL make -s -C "$folder" -j"$(nproc)" CXX="${CXX:-g++}" \
        build/lessons/11-event-loop/server >&2
fi
: >"$build/bench/left-out"
AGAINST=$revision AGAINST_FOLDER=$folder PEERS=none BUILD=$build \
    exec node "$(dirname "${BASH_SOURCE[0]}")/bench.mjs"
