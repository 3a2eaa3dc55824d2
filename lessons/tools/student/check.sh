#!/usr/bin/env bash
# check.sh N: builds lessons 1 to N with the student's files in place of ours, and checks them.
# The Makefile passes MAKE, BUILD (build/check), WORK, HOLES, and what the student asked for:
# NAME (T=), VERBOSE (V=), SEED, TRACE. ONLY_LESSON: that one alone. `make grade` builds for the lessons
# from CHECK_FROM on, with COMPILERS at once.
set -euo pipefail
# An interrupted make may end as if something were wrong; it is not tried once more then.
trap 'trap - INT; kill -INT $$' INT

number=$1
two=$(printf '%02d' "$number")
: "${MAKE:=make}" "${BUILD:=build/check}" "${WORK:=work}" "${HOLES:=build/tools/holes}"
results=$WORK/.course/results-$number.tsv

if ! compgen -G "lessons/$two-*/checks.cpp" >/dev/null; then
    echo "check: lesson $number has no checks" >&2
    exit 2
fi
lessons=()
for folder in lessons/[0-9][0-9]-*; do
    name=${folder##*/}
    ((10#${name%%-*} <= number && 10#${name%%-*} >= ${CHECK_FROM:-1})) && lessons+=("$name")
done

# One scenario needs its own lesson only, and a name that does not exist needs no build.
only=${ONLY_LESSON:-}
wanted=${TRACE:-${NAME:-}}
if [[ -n $wanted && -z $only ]]; then
    only=$(lessons/tools/student/scenarios.sh 1 "$number" | awk -v wanted="$wanted" '
        wanted == $2 || wanted == $1 "/" $2 { found = $1 } END { print found }')
    if [[ -z $only ]]; then
        echo "check: there is no scenario '$wanted'; those of lesson $number are" \
            "$(lessons/tools/student/scenarios.sh "$number" "$number" | cut -d ' ' -f 2 | paste -sd ' ')" >&2
        exit 2
    fi
fi
judge=$BUILD/check-$two
[[ -z $only ]] || judge=$BUILD/check-$(printf '%02d' "$only")-only

# Nothing of the student's there: then it is our own code that is checked, and passes.
missing=()
while IFS= read -r file; do
    [[ -e $WORK/$file ]] || missing+=("$file")
done < <("$HOLES" files "$number")
if ((${#missing[@]} > 0)) && [[ -z ${QUIET:-} ]]; then
    own="the course's own is checked"
    [[ ! -f lessons/HANDOUT ]] || own="what has holes is checked as it is"
    echo "Not in $WORK/, so $own: ${missing[*]}"
    echo "  make start-$number writes a copy for you to fill in"
    echo
fi

# --- building -----------------------------------------------------------------------------------

mkdir -p "$BUILD" "$WORK/.course"
# For `make progress`: somebody is at work.
[[ -n ${QUIET:-} ]] || date +%s >>"$WORK/.course/checked-$number"
lessons/tools/student/overlay.sh "$BUILD" "$WORK"
log=$BUILD/build.log
lessons/tools/packages/linker.sh "${CXX:-g++}" "$BUILD/linker"
linker=$(tail -1 "$BUILD/linker")

# What is run of the student's: all of it, for one lesson or for each.
programs=()
for name in "${lessons[@]}"; do
    [[ -z $only || $name == "$(printf '%02d' "${only:-0}")"-* ]] || continue
    programs+=("$BUILD/lessons/$name/server" "$BUILD/lessons/$name/client")
    [[ ! -f lessons/$name/calls.cpp ]] || programs+=("$BUILD/lessons/$name/calls")
done

jobs=()
[[ ${MAKEFLAGS:-} == *jobserver* ]] || jobs=(-j "${COMPILERS:-$(nproc)}")
begin=$SECONDS
# How long the last one took, the first build or one after an edit; `make clean` leaves it.
took=$WORK/.course/built-again-$number
[[ -e $judge ]] || took=$WORK/.course/built-first-$number
last=''
if [[ -z $only && -s $took ]]; then last=" (the last time: $(<"$took") s)"; fi
if [[ ! -e $judge && -t 1 ]]; then echo "Building lessons 1 to $number, once; this takes a while$last …"; fi

# The exercise that a line of a student's file belongs to: the last one that was announced above.
exercise_at() {
    local file=$1 line=$2
    head -n "$line" "$file" 2>/dev/null | grep -o '// Exercise [0-9]*/[0-9]*' | tail -1 | grep -o '[0-9]*$' || :
}

score_of_nothing() {
    local all=0 count
    for name in "${lessons[@]}"; do
        [[ -e lessons/$name/checks.cpp ]] || continue
        count=$(lessons/tools/student/scenarios.sh "$((10#${name%%-*}))" "$((10#${name%%-*}))" | wc -l)
        echo "lesson $((10#${name%%-*})): 0/$count"
        all=$((all + count))
    done
    echo "score 0/$all"
}

# A handout has nothing to compare with, and may end here.
what_next() {
    local next=$((number + 1))
    [[ -f lessons/HANDOUT ]] || echo -n " make diff-$number shows how the course did it;"
    ! compgen -G "lessons/$(printf '%02d' "$next")-*/checks.cpp" >/dev/null || echo " next: make start-$next"
}

did_not_compile() {
    local error file line hint="" first
    # From the first error on; what the compiler quotes below it belongs to it.
    first=$(grep -n -m1 -E '(fatal )?error: |undefined reference to|multiple definition of' "$log" | cut -d: -f1 || :)
    if [[ -z $first ]]; then
        echo "check: the build failed for another reason:" >&2
        tail -20 "$log" >&2
        exit 2
    fi
    # A template's name may fill a page; what is wrong stands before it.
    error=$(sed -n "${first}p" "$log" | sed "s|$PWD/||g")
    ((${#error} <= 480)) || error=${error:0:480}…
    echo "FAIL $number   did not compile"
    echo
    if [[ $error == *"error: "* ]]; then
        echo "$error"
        # The lines that it quotes, and its notes ("did you forget to '#include <map>'?").
        awk -v first="$first" -v here="$PWD/" 'NR > first {
            if (/: (error|warning|fatal error): / || /: (In|At) / || /^In file|^make/ || ++lines > 12) exit
            at = index($0, here)
            text = at ? substr($0, 1, at - 1) substr($0, at + length(here)) : $0
            print (length(text) > 240 ? substr(text, 1, 240) "…" : text) }' "$log"
        file=${error%%:*}
        line=${error#*:}
        line=${line%%:*}
        if [[ $file == "$WORK"/* ]]; then
            hint=$(exercise_at "$file" "$line")
            local count
            count=$(grep -c "^$WORK/.*error: " "$log" || :)
            ((count < 2)) || echo "(the first of $count errors; it may be the reason for the others)"
        else
            echo "This file is not yours, but it relies on yours: something that it uses was"
            echo "renamed, removed, or given another type. You changed: $(sed 's/^[0-9]* [0-9]* //' "$BUILD/overlay.list" | tr '\n' ' ')"
        fi
    else
        error=$(sed -E 's/.*(undefined reference to|multiple definition of)/\1/' <<<"$error")
        echo "$error"
        if [[ $error == undefined* ]]; then
            echo "A function that others call is not there any more: renamed, removed, or its"
            echo "parameters changed. Its declaration in the header must fit."
        fi
    fi
    echo
    [[ -z $hint ]] || echo " make hint-$number T=$hint"
    [[ -n ${NAME:-}${TRACE:-} ]] || { echo && score_of_nothing; }
    printf 'lesson\tname\texercise\tverdict\texplanation\n%s\t-\t%s\tdid not compile\t%s\n' \
        "$number" "${hint:-0}" "$(tr '\t' ' ' <<<"$error")" >"$results"
    exit 1
}

# On a terminal: how far compiling is, until it is killed. What is to be done is what make would do.
show_compiling() {
    local all compiled
    all=$("${making[@]}" --dry-run "$@" 2>/dev/null | grep -c -- ' -c ' || :)
    while ((all > 3)) && sleep 1 && kill -0 $$; do
        compiled=$(find "$BUILD" '(' -name '*.o' -o -name '*.gch' ')' -newer "$BUILD/begun" | wc -l)
        printf '\rcompiled %d of %d files%s ' "$compiled" "$((all > compiled ? all : compiled))" "$last"
    done
}

# build TARGET...: or says why not, and ends.
build() {
    local showing=''
    # A new log, never a write into the old one: copies of a build folder are links (mutants.sh).
    rm -f "$log" "$BUILD/begun"
    touch "$BUILD/begun"
    # UBSan wants a descriptor to look at a vptr, and some scenarios leave none. What the compiler says
    # is read below: in one language, and without colours.
    local making=(env LC_ALL=C "$MAKE" --no-print-directory -s "${jobs[@]}" BUILD="$BUILD" OVERLAY="$WORK"
        SANITIZE=1 OPTIMIZE=-O0 PRECOMPILE=1 CPPFLAGS="-D_GLIBCXX_ASSERTIONS -fno-sanitize=vptr"
        CXXFLAGS="${CXXFLAGS:-} -fdiagnostics-color=never"
        HOLED="$(cut -f 2 "$BUILD/exercises.tsv" | sort -u | paste -sd ' ')")
    if [[ -t 1 ]]; then
        show_compiling "$@" &
        showing=$!
        trap 'kill $showing 2>/dev/null || :' EXIT
    fi
    local status=0
    "${making[@]}" LINKER="$linker" "$@" >"$log" 2>&1 || status=$?
    # What does not link is told in the usual linker's words; and whatever the quick one cannot do, it can.
    if ((status != 0)) && [[ -n $linker ]] && ! grep -qE ':[0-9]+: (fatal )?error: ' "$log"; then
        status=0
        "${making[@]}" "$@" >"$log" 2>&1 || status=$?
    fi
    if [[ -n $showing ]]; then
        trap - EXIT
        kill "$showing" 2>/dev/null || :
        wait "$showing" 2>/dev/null || :
        printf '\r%*s\r' 70 ''
    fi
    ((status == 0)) || did_not_compile
    # A warning in the student's own files is worth reading, once: when it was compiled.
    grep -E "^$WORK/.*warning: " "$log" | sort -u | sed -n 1,5p || :
}

arguments=(--build "$BUILD")
rm -f "$BUILD/exercises.tsv"
"$HOLES" list >"$BUILD/exercises.tsv"
export CHECK_WORK=$WORK CHECK_FILES=$BUILD/exercises.tsv
[[ -z ${VERBOSE:-} ]] || arguments+=(--verbose)
[[ -z ${SEED:-} ]] || arguments+=(--seed "$SEED")
[[ -z $only ]] || arguments+=(--lesson "$only")

built=()
if [[ -z $wanted ]]; then
    build "$judge" "${programs[@]}"
else
    # The scenario runs with nothing built, says what it needs first, and only that is built.
    build "$judge"
    if program=$("$judge" "${arguments[@]}" --only "$wanted" --built "" 2>/dev/null); then :; elif (($? == 3)); then
        build "${programs[0]%/*}/$program"
        built=(--built "$program")
    fi
fi
if ((SECONDS - begin > 5)); then echo "built in $((SECONDS - begin)) s"; fi
if [[ -t 1 && -z $only ]] && [[ $took == *-first-* || $((SECONDS - begin)) -gt 5 ]]; then
    echo "$((SECONDS - begin))" >"$took"
fi

# `make grade` builds once what all submissions share.
[[ -z ${BUILD_ONLY:-} ]] || exit 0

# --- checking -----------------------------------------------------------------------------------

if [[ -n ${TRACE:-} ]]; then
    arguments+=(--trace "$TRACE")
elif [[ -n ${NAME:-} ]]; then
    arguments+=(--only "$NAME")
else
    arguments+=(--results "$results")
fi
status=0
"$judge" "${arguments[@]}" "${built[@]}" || status=$?
if ((status == 3)); then
    # It needs another program as well.
    build "${programs[@]}"
    status=0
    "$judge" "${arguments[@]}" || status=$?
fi
if ((status == 0)) && [[ -z ${QUIET:-}${NAME:-}${TRACE:-} ]]; then
    echo
    echo "All of it passes.$(what_next)"
fi
exit $status
