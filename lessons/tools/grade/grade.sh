#!/usr/bin/env bash
# grade.sh DIR FROM TO: builds and checks what a class handed in, for `make grade`. Here everything
# is prepared that all submissions share: the tree of a handout, what is built of it without any
# student's file, the names of the checks. lessons/tools/grade does the rest.
# The Makefile passes MAKE and BUILD, the teacher SEED, STUDENT (one, again), JOBS, MEMORY (MB), TIME
# (seconds), WEIGHTS, DUE, LATE_DAYS and BOOK; for Gradescope SUBMISSION (one, in place of DIR), RESULTS
# (where its results.json goes), VISIBILITY, and SANDBOX=none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

submissions=$1 from=$2 to=$3
: "${MAKE:=make}" "${BUILD:=build}"
out=$BUILD/grade tree=$BUILD/grade/tree

stop() {
    echo "grade: $*" >&2
    exit 2
}
options=()
if [[ -n ${SUBMISSION:-} ]]; then
    [[ -z $submissions ]] || stop "DIR is a folder of submissions, SUBMISSION is one: say one of the two"
    [[ -e $SUBMISSION ]] || stop "there is no submission '$SUBMISSION'"
    submissions=$SUBMISSION
    options+=(--alone)
fi
[[ -n $submissions ]] || stop "say where the submissions are: make grade DIR=submissions"
[[ -d $submissions || -n ${SUBMISSION:-} ]] ||
    stop "there is no folder '$submissions'; make grade DIR=… takes one with a folder or an archive for each student"
[[ ${SEED:-} =~ ^[0-9a-fA-F]{0,16}$ ]] || stop "SEED is a number of up to 16 hexadecimal digits, not '$SEED'"
# What was written down from another run must not fit: each grading draws keys and payloads of its own.
[[ -n ${SEED:-} ]] || SEED=$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
[[ -z ${RESULTS:-} || -n ${SUBMISSION:-} ]] || stop "RESULTS is where the results of one SUBMISSION go"
case ${SANDBOX:-} in
    '') ;;
    none) options+=(--no-sandbox) ;;
    *) stop "SANDBOX is none, or not given" ;;
esac
# Weights may stand in a file, with comments.
weights=${WEIGHTS:-}
[[ ! -f $weights ]] || weights=$(sed 's/#.*//' "$weights")
[[ -z $weights ]] || options+=(--weights "$weights")
[[ -z ${DUE:-} ]] || options+=(--due "$DUE")
[[ -z ${LATE_DAYS:-} ]] || options+=(--late-days "$LATE_DAYS")
[[ -z ${VISIBILITY:-} ]] || options+=(--visibility "$VISIBILITY")
for name in JOBS MEMORY TIME; do
    [[ ${!name:-1} =~ ^[1-9][0-9]{0,5}$ ]] || stop "$name is a number, not '${!name}'"
done
# What grade itself would refuse, but only after minutes.
[[ ${LATE_DAYS:-0} =~ ^[0-9]{1,3}$ ]] || stop "LATE_DAYS is a number, not '$LATE_DAYS'"
[[ ${DUE:-2026-12-01} =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?$ ]] ||
    stop "DUE is a date such as '2026-12-01 23:59', not '$DUE'"
for word in $weights; do
    [[ $word =~ ^[0-9]{1,2}/[0-9]=[0-9]{1,4}(\.[0-9]{1,2})?$ ]] ||
        stop "WEIGHTS is a list such as '5/2=4 5/3=10' (lesson/exercise=points), or a file with one; not '$word'"
done

if [[ -z ${SANDBOX:-} ]] && ! command -v bwrap >/dev/null; then
    if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
        echo "grade: installing bubblewrap with apt-get" >&2
        log=$(mktemp)
        apt-get -q -y -o DPkg::Lock::Timeout=300 update >"$log" 2>&1 &&
            apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends bubblewrap >>"$log" 2>&1 || {
            cat "$log" >&2
            stop "apt-get could not install bubblewrap"
        }
        rm -f "$log"
    else
        stop "bwrap is missing; install it (on Debian and Ubuntu: apt-get install bubblewrap)"
    fi
fi

# --- what all submissions share -----------------------------------------------------------------

# Only what changed since the last time is written anew, so that only that is built anew.
mkdir -p "$out"
rm -rf "$tree.new"
lessons/tools/teacher/handout.sh "$from" "$to" "$tree.new" "$BUILD/tools/holes" "$BUILD/tools/texts"
mkdir -p "$tree"
(cd "$tree.new" && find . -type f) | while IFS= read -r file; do
    ! cmp -s "$tree.new/$file" "$tree/$file" || continue
    mkdir -p "$tree/$(dirname "$file")"
    cp --preserve=mode "$tree.new/$file" "$tree/$file"
done
(cd "$tree" && find . -type f ! -path './build/*' ! -path './work/*') | while IFS= read -r file; do
    [[ -f $tree.new/$file ]] || rm -f "$tree/$file"
done
rm -rf "$tree.new" "$tree/work"
mkdir -p "$tree/work" "$tree/build"

echo "Building lessons 1 to $to with their holes …"
if ! (cd "$tree" && CHECK_FROM="$from" BUILD_ONLY=1 QUIET=1 MAKEFLAGS='' "$MAKE" --no-print-directory -s "check-$to" SEED=''); then
    stop "lessons 1 to $to with holes could not be built in $tree"
fi
rm -rf "$tree/work"
mkdir -p "$tree/work"
find "$tree" -type d -exec chmod go+rx {} +
chmod -R go+rX "$tree/build"

two=$(printf '%02d' "$to")
"$tree/build/check/check-$two" --list >"$out/scenarios.tsv"
for ((lesson = from; lesson <= to; ++lesson)); do "$BUILD/tools/holes" files "$lesson"; done >"$out/files.txt"

# --- all submissions ----------------------------------------------------------------------------

"$BUILD/tools/grade" --tree "$tree" --base "$tree/build" --script lessons/tools/grade/inside.sh \
    --scenarios "$out/scenarios.tsv" --files "$out/files.txt" \
    "${options[@]}" --book "${BOOK:-book}" --out "$out" --student "${STUDENT:-}" --from "$from" --to "$to" --seed "$SEED" \
    --jobs "${JOBS:-$(nproc)}" --memory "${MEMORY:-1536}" --time "${TIME:-600}" "$submissions"

# The links of the pages find the book, if it was made; by a copy, where a drive knows no links.
if [[ -d $BUILD/book ]] && ! ln -sfn ../../../book "$out/latest/feedback/book" 2>/dev/null; then
    cp -r "$BUILD/book" "$out/latest/feedback/book"
fi
[[ -z ${RESULTS:-} ]] || cp "$out"/latest/gradescope/*.json "$RESULTS"
