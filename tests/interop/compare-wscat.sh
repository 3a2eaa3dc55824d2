#!/usr/bin/env bash
# compare-wscat.sh BUILD [NAME...]: `make compare-wscat`. Prepares wscat, npm's ws, openssl and
# python3, and runs the sessions (those with a NAME in their name, or all). SHOW=wanted or
# SHOW=failed: shows no more than those side by side.
set -euo pipefail

build=$1
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/prepare.sh" "$build" wscat openssl python3
if [[ -s $build/interop/left-out ]]; then
    sed 's/^/compare-wscat: not prepared: /' "$build/interop/left-out" >&2
    exit 1
fi
exec python3 -B "$here/wscat/compare.py" --build "$build" --show "${SHOW:-all}" "$@"
