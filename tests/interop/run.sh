#!/usr/bin/env bash
# run.sh BUILD [PEER...]: `make interop`. Prepares the peers (all of them when none is named; plain and
# compressed are halves of the table, and no peers) and runs the table. Browsers are driven through
# npm's ws, so that is always prepared.
set -euo pipefail

build=$1
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
peers=()
for peer in "$@"; do
    [[ $peer == plain || $peer == compressed ]] || peers+=("$peer")
done
[[ ${#peers[@]} -gt 0 ]] || peers=(python gorilla websocketpp chromium firefox tshark)
PATH=$PATH:/usr/sbin:/sbin
"$here/prepare.sh" "$build" ws "${peers[@]}"
PYTHON=$(cat "$build/interop/python" 2>/dev/null || echo python3)
export BUILD=$build PYTHON
exec node "$here/table.mjs" "$@"
