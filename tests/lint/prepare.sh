#!/bin/sh
# prepare.sh PROGRAM...: says nothing when clang-tidy or cppcheck, whichever is asked for, is here. On Debian
# and Ubuntu what is missing is installed; elsewhere one line says what to install.
set -eu

say() { echo "lint: $*" >&2; }

missing() { for program; do command -v "$program" >/dev/null || printf ' %s' "$program"; done; }

packages=$(missing "$@")  # each has the name of its program
[ -n "$packages" ] || exit 0
# shellcheck source=lessons/tools/packages/apt.sh
. lessons/tools/packages/apt.sh
# shellcheck disable=SC2086 # a list of names without spaces
install_packages $packages
