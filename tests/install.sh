#!/usr/bin/env bash
# install.sh [MAKE]: the library as others meet it. Installs it into a folder of its own, takes the
# server and the client out of src/README.md, builds them far from this repository with nothing but
# pkg-config, lets them talk, and takes it all away again.
set -euo pipefail
make=${1:-make}
compiler=${CXX:-g++}
root=$PWD
place=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server" 2>/dev/null || :; rm -rf "$place"' EXIT

fail() { echo "install: $*" >&2; exit 1; }

$make -s install PREFIX="$place/tree" DESTDIR=
awk -v out="$place/program" '
    /^## In your own program/ { here = 1; next }
    /^## / { here = 0 }
    here && /^```cpp$/ { ++n; inside = 1; next }
    /^```$/ { inside = 0 }
    here && inside { print > (out n ".cpp") }' src/README.md
[[ -s $place/program1.cpp && -s $place/program2.cpp ]] || fail "src/README.md has no two programs"

cd "$place"
export PKG_CONFIG_PATH=$place/tree/lib/pkgconfig
# The text has 9000, which somebody may have. Below 32768 the kernel gives no port to those that connect.
while
    port=$((20000 + RANDOM % 12000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null
do :; done
sed -i "s/9000/$port/" program1.cpp program2.cpp
for n in 1 2; do
    # shellcheck disable=SC2046 # options, separated by spaces
    $compiler -std=c++20 -Wall -Wextra -Wpedantic -Werror program$n.cpp $(pkg-config --cflags --libs baresocket) \
        -o program$n
done
./program1 &
server=$!
answer=
for _ in {1..200}; do
    answer=$(printf 'one\ntwo\n' | ./program2 2>/dev/null) && break
    kill -0 "$server" 2>/dev/null || fail "the server has ended"
    sleep 0.05
done
[[ $answer == $'one\ntwo' ]] || fail "expected the echoes 'one' and 'two', got '$answer'"
kill -INT "$server"
wait "$server" || fail "the server ended with $?"
server=

cd "$root"
$make -s uninstall PREFIX="$place/tree" DESTDIR=
left=$(find "$place/tree" -type f)
[[ -z $left ]] || fail "left behind: $left"
echo "install: the two programs of src/README.md work with what is installed"
