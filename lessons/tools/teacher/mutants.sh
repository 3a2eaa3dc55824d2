#!/usr/bin/env bash
# mutants.sh HOLES LESSON: the checks' own checks. For a lesson:
#   the starter compiles without a warning (with each compiler that is there) and fails its lesson;
#   the true source passes everything with other keys and payloads, and without IPv6;
#   each mutant (lessons/NN-*/mutants/*.patch) fails in the scenario that it names, and the output
#   says what it records;
#   no scenario is left that neither the starter nor a mutant can fail;
#   every exercise has hints at three levels.
# EACH_HOLE=1: and each hole of the starter, alone, with all others solved, fails a scenario of its
#   own exercise.
# PART=1/3: of the mutants every third one, from the second on, and the true source once; for little time.
# MUTANT=name: nothing but this mutant, for whoever has just written it.
# LESSON=verdicts: every verdict is given (tests/lessons/verdicts).
# LESSON=whole: the judge of all lessons in one, as a student runs it, who has solved them all.
# LESSON=base: builds what the others begin with. They run side by side, and so do the tries within one
# (AT_ONCE: how many), for they wait more than they compute. Each has a build folder and a folder of files
# of its own, and leaves work/ alone.
# shellcheck disable=SC2030,SC2031 # a try has variables of its own (side_by_side)
set -euo pipefail

holes=$1 lesson=$2
if ! command -v patch >/dev/null; then
    echo "mutants: the program patch is missing; install it (apt-get install patch)" >&2
    exit 1
fi
build=build/mutants/$lesson        # the course's own files
tried=build/mutants/$lesson-tried  # with one wrong one
scratch=$(mktemp -d)
failable=$scratch/failable         # scenarios that something fails
trap 'rm -rf "$scratch"' EXIT
# Line numbers are all that a report needs; variables make building a third longer.
export CXXFLAGS=-g1
# A student's file may have warnings; it is the starters that must not, and they are looked at.
export WERROR=
# A wrong solution is ours but for one mistake, and is compiled as ours is: in three fifths of the time, and
# without UBSan, from which no recorded words come.
export TRUST=1
faults=0
flags=(-std=c++20 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fsyntax-only)

fault() {
    echo "  FAULT $*"
    faults=$((faults + 1))
}

# side_by_side COMMAND...: begins it beside the others. It has a scratch folder and a copy of the build folder
# of its own, speaks when it has ended, and has failed if it found a fault. `all_ended` waits for the last.
tries=()
side_by_side() {
    while (($(jobs -rp | wc -l) >= AT_ONCE)); do wait -n || :; done
    set -m
    (
        scratch=$scratch/${#tries[@]} tried=$tried-${#tries[@]} faults=0
        trap 'rm -rf "$tried"; cat "$scratch/said"' EXIT
        mkdir "$scratch"
        copy "$build" "$tried"
        "$@" >"$scratch/said"
        ((faults == 0))
    ) </dev/null &
    set +m
    tries+=($!)
}
# By set -m each is a group of processes, which Ctrl-C does not reach; so it is passed on to all of them.
trap 'exec 2>/dev/null; kill -- $(jobs -p | sed "s/^/-/"); wait; exit 130' INT TERM
all_ended() {
    local try
    for try in "${tries[@]}"; do wait "$try" || faults=$((faults + 1)); done
}

# copy FROM TO: as links, where the drive knows any. What is built anew is removed first (by overlay.sh,
# and by the rule that links) and never written into, so the original stays as it is.
copy() {
    rm -rf "$2"
    cp -al "$1" "$2" 2>/dev/null || { rm -rf "$2" && cp -a "$1" "$2"; }
}

# check BUILD LESSON WORK [SEED]: builds and checks one lesson; its output goes to $scratch/output.
check() {
    local status=0
    BUILD=$1 HOLES=$holes QUIET=1 ONLY_LESSON=$2 WORK=$3 SEED=${4:-} VERBOSE=1 NO_COLOR=1 \
        "${within[@]}" lessons/tools/student/check.sh "$2" >"$scratch/output" 2>&1 || status=$?
    return $status
}
within=()  # what check.sh is run by

# A network that is empty but for 127.0.0.1, where this machine lets us make one.
without_ipv6=(unshare --map-root-user --net sh -c '
    ip link set lo up && echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6 && exec "$@"' sh)
if ! "${without_ipv6[@]}" true 2>/dev/null; then without_ipv6=(); fi

# try LESSON WORK [SCENARIO]: the same with files that are wrong. All scenarios, or one.
try() { NAME=${3:-} check "$tried" "$1" "$2"; }

# The output with its wrapped lines joined, so that a sentence can be found in it.
sentences() { tr -s ' \n' ' ' <"$scratch/output" | sed 's/- //g'; }

# A line of a failed scenario's headline: "FAIL 5/length-126   ...".
failed() { sed -nE 's/^FAIL ([0-9]+\/[^ ]+) .*/\1/p' "$scratch/output" | sort -u; }

# build_true LESSON: what the tries of a lesson begin with.
build_true() {
    BUILD_ONLY=1 check "$build" "$1" "$scratch/nothing" ||
        fault "the true source of lesson $1 does not build: $(tail -1 "$scratch/output")"
}

# check_true LESSON SEED: it passes, with this seed; with 1, without IPv6.
check_true() {
    [[ $2 != 1 ]] || within=("${without_ipv6[@]}")
    check "$tried" "$1" "$scratch/nothing" "$2" ||
        fault "the true source fails with seed '$2': $(grep -m1 -E '^FAIL|error:' "$scratch/output")"
}

# Each of the starter's files compiles without a warning.
check_warnings() {
    local number=$1 folder=$2 work=$scratch/starter file compiler
    lessons/tools/student/start.sh "$number" "$work" "$holes" >/dev/null
    while IFS= read -r file; do
        for compiler in g++ clang++; do
            command -v "$compiler" >/dev/null || continue
            # By a file that includes it: a header alone is warned about for being one.
            "$compiler" "${flags[@]}" -I"$work/src" -Isrc -I"$work" -I. \
                -x c++ - <<<"#include \"$work/$file\"" >"$scratch/warnings" 2>&1 ||
                fault "starter of $folder: $compiler: $(grep -m1 -E 'error|warning' "$scratch/warnings")"
        done
    done < <("$holes" files "$number")
}

check_starter() {
    local number=$1 folder=$2 work=$scratch/starter
    lessons/tools/student/start.sh "$number" "$work" "$holes" >/dev/null
    if ! compgen -G "$work/*/*" >/dev/null; then
        echo "  starter  none: nothing is to be filled in"
        return
    fi
    if try "$number" "$work"; then
        fault "starter of $folder passes"
    else
        failed >>"$failable"
        echo "  starter  $(grep -m1 '^score' "$scratch/output")"
    fi
}

# One hole as the starter has it, and all others solved: does a scenario of its exercise see it?
check_hole() {
    local number=$1 exercise=$2 file=$3 function=$4 work=$scratch/alone own
    mkdir -p "$work/$(dirname "$file")"
    "$holes" cut "$number" "$file" "$function" >"$work/$file"
    if try "$number" "$work"; then
        fault "$exercise $function passes as the starter has it"
        return
    fi
    failed >>"$failable"
    own=$(comm -12 <(failed) <(awk -F '\t' -v k="${exercise#*/}" '$2 == k { print $1 }' "$list" | sort -u))
    if [[ -n $own ]]; then
        echo "  hole     $exercise $function: $(tr '\n' ' ' <<<"$own")"
    else
        fault "$exercise $function fails $(failed | tr '\n' ' '), and no scenario of its own exercise"
    fi
}

check_mutant() {
    local number=$1 patch=$2 name work scenario says file
    name=$(basename "$patch" .patch)
    work=$scratch/mutant
    scenario=$(sed -n 's/^scenario: *//p' "$patch")
    says=$(sed -n 's/^says: *//p' "$patch" | tr -s ' ')
    if [[ -z $scenario || -z $says ]] || ! grep -q '^mistake: ' "$patch"; then
        fault "$patch lacks one of its lines scenario:, says:, mistake:"
        return
    fi
    rm -rf "$work"
    while IFS= read -r file; do
        mkdir -p "$work/$(dirname "$file")"
        cp "$file" "$work/$file"
    done < <(sed -nE 's|^\+\+\+ b/([^[:space:]]*).*|\1|p' "$patch")
    # With little fuzz: a mistake that lands beside the place that it was made for is another one, or none.
    if ! patch -s -F1 -d "$work" -p1 --no-backup-if-mismatch <"$patch" >"$scratch/output" 2>&1; then
        fault "$patch does not apply: $(head -1 "$scratch/output")"
        return
    fi
    if try "$number" "$work" "${scenario#-}"; then
        fault "$name passes; it should fail $scenario"
        return
    fi
    failed >>"$failable"
    # "-": it does not come as far as a scenario.
    if [[ $scenario != - ]] && ! grep -qx -e "$scenario" <(failed); then
        fault "$name fails $(failed | tr '\n' ' '), not $scenario: $(head -3 "$scratch/output" | tail -1)"
    elif ! grep -qF -e "$says" <(sentences); then
        fault "$name: the output does not say '$says'"
        sed 's/^/    | /' "$scratch/output" | sed -n 1,30p
    else
        echo "  mutant   $name: $scenario, \"$says\""
    fi
}

check_texts() {
    local folder=$1 exercises level k
    exercises=$(sed -nE 's/^## ([0-9]+) .*/\1/p' "$folder/exercises.md" 2>/dev/null || :)
    [[ -n $exercises ]] || fault "$folder/exercises.md has no exercise"
    for k in $exercises; do
        for level in 1 2 3; do
            # The heading "### 2" below "## 3 Title", and a line of text after it.
            awk -v k="$k" -v level="$level" '
                /^## /  { here = ($2 == k); at = 0 }
                /^### / { at = here && $2 == level; next }
                at && NF { found = 1 }
                END { exit !found }' "$folder/hints.md" 2>/dev/null ||
                fault "$folder/hints.md: no hint $level for exercise $k"
        done
    done
    for name in exercises.md hints.md teacher.md; do
        [[ -e $folder/$name ]] || fault "$folder/$name is missing"
    done
}

check_lesson() {
    local folder=$1 number exercise file function k patch mutants=0 scenario list=$scratch/list
    number=$((10#$(basename "$folder" | cut -c1-2)))
    echo "lesson $number"
    : >"$failable"
    build_true "$number"
    if [[ -n ${MUTANT:-} ]]; then
        patch=$folder/mutants/$MUTANT.patch
        if [[ -e $patch ]]; then side_by_side check_mutant "$number" "$patch"; else fault "there is no $patch"; fi
        all_ended
        return
    fi
    "$build/check-$(printf '%02d' "$number")-only" --lesson "$number" --list >"$list"
    for k in $(cut -f2 "$list" | sort -u); do
        grep -qE "^## $k " "$folder/exercises.md" 2>/dev/null ||
            fault "scenarios of exercise $number/$k, which $folder/exercises.md does not have"
    done
    # It takes longest: each scenario waits for something that does not come.
    side_by_side check_starter "$number" "$folder"
    side_by_side check_warnings "$number" "$folder"
    side_by_side check_true "$number" 1
    [[ -n ${PART:-} ]] || side_by_side check_true "$number" C0FFEE
    if [[ -n ${EACH_HOLE:-} ]]; then
        while IFS=$'\t' read -r exercise file function _; do
            side_by_side check_hole "$number" "$exercise" "$file" "$function"
        done < <("$holes" list "$number")
    fi
    for patch in "$folder"/mutants/*.patch; do
        [[ -e $patch ]] || continue
        mutants=$((mutants + 1))
        [[ -z ${PART:-} ]] || (((mutants - 1) % ${PART#*/} == ${PART%/*})) || continue
        side_by_side check_mutant "$number" "$patch"
    done
    ((mutants >= 4)) || fault "$folder has $mutants mutants; 4 to 8 are wanted"
    all_ended
    sort -u -o "$failable" "$failable"
    [[ -n ${PART:-} ]] || for scenario in $(cut -f1 "$list" | sort -u); do
        grep -qx "$scenario" "$failable" || fault "nothing fails $scenario: neither starter nor mutant"
    done
    check_texts "$folder"
}

# Each verdict, by a file of lesson 5 that deserves it; for a student whose compiler speaks in colours.
check_verdicts() {
    local patch
    export CXXFLAGS="$CXXFLAGS -fdiagnostics-color=always" TRUST=
    echo "verdicts"
    build_true 5
    for patch in tests/lessons/verdicts/*.patch; do side_by_side check_mutant 5 "$patch"; done
    all_ended
}

# All lessons' true sources, in one judge.
check_whole() {
    BUILD=$build HOLES=$holes QUIET=1 WORK=$scratch/nothing NO_COLOR=1 \
        lessons/tools/student/check.sh "$last" >"$scratch/output" 2>&1 || {
        fault "the true sources do not pass make check-$last"
        grep -a -A 20 '^FAIL' "$scratch/output" | head -60 || :
    }
}

last=$(printf '%s\n' lessons/[0-9][0-9]-*/checks.cpp | tail -1 | sed -E 's|^lessons/0*([0-9]+)-.*|\1|')
if [[ $lesson == base ]]; then
    "$holes" check
    BUILD=$build HOLES=$holes QUIET=1 BUILD_ONLY=1 WORK=$scratch/nothing lessons/tools/student/check.sh "$last"
    exit 0
fi

begin=$SECONDS
trap 'rm -rf "$scratch" "$build" "$tried"-*' EXIT
copy build/mutants/base "$build"
rm -f "$build"/check-*
case $lesson in
    verdicts) check_verdicts ;;
    whole) check_whole ;;
    *) check_lesson lessons/"$(printf '%02d' "$lesson")"-* ;;
esac
echo "$lesson: $((SECONDS - begin)) s, $faults faults"
((faults == 0))
