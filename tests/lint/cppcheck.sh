#!/usr/bin/env bash
# cppcheck.sh FOLDER: cppcheck over src/, clients/ and lessons/; FOLDER keeps what it found out of files that
# have not changed. cppcheck.txt says what is left out, and why. A warning fails.
set -euo pipefail

mkdir -p "$1"
# Its two other groups are taste (style) and guesses (information).
exec nice cppcheck --quiet --error-exitcode=1 -j "$(nproc)" --cppcheck-build-dir="$1" --std=c++20 --language=c++ \
    --platform=unix64 --enable=warning,performance,portability --inline-suppr \
    --suppressions-list=tests/lint/cppcheck.txt -Isrc -I. src clients lessons
