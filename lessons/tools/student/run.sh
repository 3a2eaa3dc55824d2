#!/usr/bin/env bash
# run.sh PROGRAM [ARGUMENT…]: builds a program and runs it in the foreground, for make, which adds no word to
# its end: its status is 1 whenever something failed, the only one that a make in question mode passes on.
# Ctrl-C ends make as well as the program. When make is told of the program's end first, it asks for that
# end once more and complains: "wait: No child processes" (GNU make 4.3). So we end after make has been told.
# SIGTERM, which make sends to us alone, is passed on.
[[ ! $MAKEFLAGS =~ ^([a-z]*)q(.*)$ ]] || MAKEFLAGS=${BASH_REMATCH[1]}${BASH_REMATCH[2]}
${MAKE:-:} --no-print-directory built PROGRAM="$1" || exit 1
trap 'told=1' INT
trap 'told=1; kill -TERM "$program" 2>/dev/null' TERM
(trap - INT TERM && exec "$@") <&0 &
program=$!
while
    wait "$program"
    status=$?
    kill -0 "$program" 2>/dev/null # only `wait` has ended, by a trap
do :; done
[[ -n ${told:-} ]] || exit $((status != 0))
# Now make's status is that of the signal.
# Pending there, until make takes it: the second bit is SIGINT's.
while grep -qs '^ShdPnd:.*[2367abef]$' /proc/$PPID/status; do sleep 0.01; done
exit 0
