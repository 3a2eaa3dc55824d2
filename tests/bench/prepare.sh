#!/usr/bin/env bash
# prepare.sh BUILD PEER...: builds the peers of `make bench` into BUILD/bench, each as its users would
# for speed, and writes to BUILD/bench/left-out a line "PEER reason" for each one that cannot be had.
# With INSTALL=1 what is missing is installed (apt-get on Debian and Ubuntu; npm into BUILD/bench/npm).
set -euo pipefail

build=$1
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$build/bench"
built=$(cd "$build/bench" && pwd)
log=$built/prepare.log
: >"$log" >"$built/left-out"

say() { echo "bench: $*" >&2; }
header() { echo "#include <$1>" | ${CXX:-g++} -fsyntax-only -x c++ - 2>/dev/null; }

# packages WHAT PACKAGE...: says no unless they may be installed, and then installs them.
packages() {
    local what=$1
    shift
    if [[ -z ${INSTALL:-} ]] || ! command -v apt-get >/dev/null; then
        echo "$what is not installed (Debian: apt-get install $*; or make bench INSTALL=1)" >>"$log"
        return 1
    fi
    local root=()
    [[ $(id -u) -eq 0 ]] || root=(sudo)
    say "installing $* with apt-get"
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
        install --no-install-recommends "$@" >>"$log" 2>&1 </dev/null
}

# program NAME STANDARD [LIBRARY...]: peers/NAME.cpp, unless it is built.
program() {
    local name=$1 standard=$2
    shift 2
    [[ $built/$name -nt $here/peers/$name.cpp ]] && return
    say "building $name"
    ${CXX:-g++} -std="$standard" -O3 -DNDEBUG -pthread "$here/peers/$name.cpp" -o "$built/$name" "$@" \
        >>"$log" 2>&1
}

prepare() {
    case $1 in
        websocketpp)
            header websocketpp/version.hpp && header boost/asio.hpp ||
                packages websocketpp libwebsocketpp-dev libboost-dev libboost-system-dev || return
            program websocketpp c++14
            ;;
        beast)
            header boost/beast/version.hpp || packages Boost libboost-dev libboost-system-dev || return
            program beast c++17
            ;;
        libwebsockets)
            header libwebsockets.h || packages libwebsockets libwebsockets-dev || return
            program libwebsockets c++17 -lwebsockets
            ;;
        gorilla)
            local source=/usr/share/gocode/src/github.com/gorilla/websocket
            { command -v go >/dev/null && [[ -d $source ]]; } ||
                packages gorilla golang-go golang-github-gorilla-websocket-dev || return
            [[ $built/gorilla -nt $here/peers/gorilla/main.go ]] && return
            say 'building gorilla'
            (cd "$here/peers/gorilla" && GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS= \
                GOCACHE=$built/go-cache go build -o "$built/gorilla" .) >>"$log" 2>&1
            ;;
        ws)
            [[ -d $built/npm/node_modules/ws && -d $built/npm/node_modules/bufferutil ]] && return
            command -v npm >/dev/null || packages node nodejs npm || return
            if [[ -z ${INSTALL:-} ]]; then
                echo 'ws and bufferutil are not installed (make bench INSTALL=1)' >>"$log"
                return 1
            fi
            say 'installing ws and bufferutil with npm'
            npm install --prefix "$built/npm" --no-save --no-audit --no-fund --loglevel=error \
                ws@8 bufferutil@4 >>"$log" 2>&1
            ;;
        *)
            echo "there is no peer '$1'" >>"$log"
            return 1
            ;;
    esac
}

for peer in "$@"; do
    prepare "$peer" || echo "$peer $(tail -n 1 "$log" | cut -c -200)" >>"$built/left-out"
done
