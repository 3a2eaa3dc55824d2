#!/usr/bin/env bash
# prepare.sh BUILD PEER...: what the peers of `make interop` and `make compare-wscat` need. Installs
# on Debian and Ubuntu what is missing (apt-get; npm into BUILD/interop/npm), builds the peers that
# are programs, and writes to BUILD/interop/left-out a line "PEER reason" for each one that it could
# not prepare. Names that it does not know need nothing. Ends with 1 only when node is missing.
set -euo pipefail

build=$1
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$build/interop"
built=$(cd "$build/interop" && pwd)
log=$built/prepare.log
: >"$log" >"$built/left-out"

say() { echo "interop: $*" >&2; }
leave_out() { echo "$1 ${*:2}" >>"$built/left-out"; }
reason() { tail -n 1 "$log" | cut -c -200; }

updated=
# apt PACKAGE...: Another apt-get may hold the lock: wait for it.
apt() {
    if ! command -v apt-get >/dev/null; then
        echo "there is no apt-get here; install $*" >>"$log"
        return 1
    fi
    local root=()
    [[ $(id -u) -eq 0 ]] || root=(sudo)
    say "installing $* with apt-get"
    local get=("${root[@]}" env DEBIAN_FRONTEND=noninteractive
        apt-get -q -y -o DPkg::Lock::Timeout=300)
    # An update may fail for a source that is not needed; whether it mattered, the install tells.
    [[ -n $updated ]] || "${get[@]}" update >>"$log" 2>&1 || say 'apt-get update failed'
    updated=yes
    "${get[@]}" install --no-install-recommends "$@" >>"$log" 2>&1 </dev/null
}

# have COMMAND PACKAGE...
have() { command -v "$1" >/dev/null || { apt "${@:2}" && command -v "$1" >/dev/null; }; }

npm_failed=
npm_packages() {
    [[ -d $built/npm/node_modules/ws && -x $built/npm/node_modules/.bin/wscat ]] && return
    if [[ -z $npm_failed ]]; then
        say 'installing ws and wscat with npm'
        npm install --prefix "$built/npm" --no-save --no-audit --no-fund --loglevel=error \
            ws@8 wscat@6.1.0 >>"$log" 2>&1 && return
        # Its first line says what it was, its last where a log is.
        npm_failed=$(grep -m 1 'npm error' "$log") || npm_failed=$(reason)
    fi
    echo "$npm_failed" >>"$log"
    return 1
}

# A python3 that has the library: the first in PATH, or Debian's.
find_python() {
    local python
    for python in python3 /usr/bin/python3; do
        "$python" -c 'import websockets' 2>>"$log" || continue
        command -v "$python" >"$built/python"
        return
    done
    return 1
}

header() { echo "#include <$1>" | ${CXX:-g++} -fsyntax-only -x c++ - 2>>"$log"; }

gorilla() {
    have go golang-go || return
    local source=/usr/share/gocode/src/github.com/gorilla/websocket peer
    [[ -d $source ]] || apt golang-github-gorilla-websocket-dev || return
    for peer in client server; do
        [[ $built/gorilla_$peer -nt $here/peers/gorilla_$peer/main.go ]] && continue
        (cd "$here/peers/gorilla_$peer" && GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS= \
            GOCACHE=$built/go-cache go build -o "$built/gorilla_$peer" .) >>"$log" 2>&1 || return
    done
}

websocketpp() {
    header websocketpp/version.hpp && header boost/asio.hpp ||
        apt libwebsocketpp-dev libboost-dev libboost-system-dev || return
    local source=$here/peers/websocketpp_server.cpp
    [[ $built/websocketpp_server -nt $source ]] && return
    ${CXX:-g++} -std=c++14 -O1 -Wall -Wextra -pthread "$source" -o "$built/websocketpp_server" \
        >>"$log" 2>&1
}

prepare() {
    case $1 in
        ws | wscat) npm_packages ;;
        python) find_python || { apt python3-websockets && find_python; } ;;
        gorilla) gorilla ;;
        websocketpp) websocketpp ;;
        # ws drives them, from node.
        chromium) npm_packages && { [[ -n ${CHROMIUM:-} ]] || have chromium chromium; } ;;
        firefox) npm_packages && { [[ -n ${FIREFOX:-} ]] || have firefox-esr firefox-esr; } ;;
        tshark) have tshark tshark ;;
        openssl) have openssl openssl ;;
        python3) have python3 python3 ;;
    esac
}

if ! have node nodejs npm || ! have npm npm; then
    say "node and npm are needed, and could not be installed: $(reason)"
    exit 1
fi
for peer in "$@"; do
    prepare "$peer" || leave_out "$peer" "$(reason)"
done
