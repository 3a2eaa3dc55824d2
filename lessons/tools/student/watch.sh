#!/usr/bin/env bash
# watch.sh N WORK MAKE: runs `make check-N` again whenever a file below WORK is saved, until
# Ctrl-C. It looks at the files' dates twice a second, since not every system has inotify tools;
# a folder of a student is small enough for that.
# T=, V= and what else make was given reach the check through the environment (MAKEFLAGS).
set -euo pipefail

number=$1 work=$2 make=$3

if [[ ! -d $work ]]; then
    echo "watch-$number: there is no $work/ yet; make start-$number puts your files there" >&2
    exit 2
fi

trap 'printf "\nwatch-%s: ended\n" "$number"; exit 0' INT TERM

# What is there and when it was saved. Editors' own files, and what the check itself writes, are
# no reason to check again.
state() {
    find "$work" -path "$work/.course" -prune -o -type f \
        ! -name '.*' ! -name '*~' ! -name '*.sw?' ! -name '4913' ! -name '*.old-*' \
        -printf '%T@ %s %p\n' 2>/dev/null | sort
}

while :; do
    # Before the check: what is saved while it runs is checked next.
    seen=$(state)
    status=0
    $make --no-print-directory "check-$number" || status=$?
    if ((status == 0)); then
        printf '\nwatch-%s: all passed, %(%H:%M:%S)T; waiting for a change in %s/ (Ctrl-C ends)\n' "$number" -1 "$work"
    else
        printf '\nwatch-%s: %(%H:%M:%S)T; waiting for a change in %s/ (Ctrl-C ends)\n' "$number" -1 "$work"
    fi
    while [[ $(state) == "$seen" ]]; do sleep 0.5; done
    [[ ! -t 1 ]] || printf '\e[H\e[2J'
done
