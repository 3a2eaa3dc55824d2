#!/usr/bin/env bash
# valgrind.sh PROGRAM [ARGUMENTS]: runs the tests under memcheck, which sees what the sanitizers cannot:
# a branch on a value that nobody has set, in our code and in libraries. An error fails, and so does
# memory that nobody holds any more when the program ends. With arguments, the tests that they ask for.
set -euo pipefail

program=$1
shift

# One thread runs at a time, and thirty times slower than without memcheck. What is left out here runs in
# `make test`, under the sanitizers. A name that no test has any more fails; a * is its comma, if it has one.
left_out=(
    # Ask the built programs, which are not there.
    'options: --help is an answer*'
    'make explain marks*'
    # Let the process run out of descriptors, of which valgrind keeps some for itself.
    'limits: out of descriptors*'
    'limits: without even a spare descriptor*'
    'socket: without free descriptors accept waits*'
    # Starts nothing: valgrind's posix_spawn() gives the child memory of its own, and hears no error from it.
    'process: a program that does not exist'
    # A peer's silence, a deadline, or a real Redis, whose times go on while we are slow.
    '§5.5.3 a peer that sends nothing but pongs*'
    '§5.5.3 each pong moves the read deadline*'
    'a peer that takes our bytes is alive*'
    'the idle timeout lets go of a writer*'
    'a message that misses the write deadline*'
    'a writer that waits for its turn has a deadline*'
    'a server that never answers is given up*'
    'limits: a client that does not read is not read from*'
    'limits: time in which we did not read*'
    'limits: a client that takes no byte for too long*'
    'limits: nothing spins*'
    'limits: a silent peer is pinged*'
    'limits: without an idle timeout nobody*'
    'limits: a peer that does not answer our Close*'
    'limits: at the end all are told*'
    'reactors: at the end every client*'
    'redis backplane: one that falls silent*'
    'real Redis:*'
    'threads: a client that takes nothing is cut*'
    # Compares two times, while another program has the processor or not.
    'JSON: large texts are read in time*'
    # Thousands or millions of equal steps: minutes here, and nothing new after the first hundred.
    '§8.1 every sequence of one*'
    '§8.1 blocks: three and four bytes at every border*'
    '§7.4 every close code that must not be sent*'
)

for name in "${left_out[@]}"; do
    if "$program" --count "-tc=$name" | grep -q ': 0$'; then
        echo "valgrind.sh: no test is called '$name' any more" >&2
        exit 1
    fi
done
(($# > 0)) || set -- "-tce=$(IFS=,; echo "${left_out[*]}")"
# Some tests count what they allocate, in an operator new of their own: memcheck is not to replace that one.
# It sees the malloc() below it.
exec nice valgrind --quiet --error-exitcode=1 --leak-check=full --errors-for-leak-kinds=definite,possible \
    --show-leak-kinds=definite,possible --soname-synonyms=somalloc=nouserintercepts --fair-sched=yes \
    "$program" --no-intro "$@"
