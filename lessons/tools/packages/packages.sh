#!/bin/sh
# packages.sh COMPILER: are the compiler and the two libraries here? Says nothing when they are.
# OpenSSL's libcrypto computes Sec-WebSocket-Accept, doctest runs the tests. On Debian and Ubuntu
# what is missing is installed; elsewhere one line says what to install.
set -eu

say() { echo "packages: $*" >&2; }

compiler=${*:-g++}  # may be two words, such as "ccache g++"
can_compile() { echo "$1" | $compiler -std=c++20 -fsyntax-only -x c++ - 2>/dev/null; }

if ! command -v "${compiler%% *}" >/dev/null; then
    say "the compiler '$compiler' was not found; install g++ 11 or clang 14, or a newer one"
    exit 1
fi
# Both came with g++ 11 and clang 13; Ubuntu 22.04 has g++ 11 and clang 14.
if ! can_compile '#include <span>
static_assert(__cpp_using_enum >= 201907L);'; then
    say "'$compiler' cannot compile C++20 as we need it; install g++ 11 or clang 14, or a newer one"
    exit 1
fi

# The packages, by their Debian names, whose header the compiler does not find.
missing() {
    can_compile '#include <openssl/evp.h>' || printf ' libssl-dev'
    # A handout has no tests.
    [ ! -d tests ] || can_compile '#include <doctest/doctest.h>' || printf ' doctest-dev'
}

packages=$(missing)
[ -n "$packages" ] || exit 0

# shellcheck source=lessons/tools/packages/apt.sh
. "$(dirname "$0")/apt.sh"
# shellcheck disable=SC2086 # a list of names without spaces
install_packages $packages || exit 1
packages=$(missing)
if [ -n "$packages" ]; then
    say "'$compiler' does not find the headers of$packages, although apt-get installed them"
    exit 1
fi
