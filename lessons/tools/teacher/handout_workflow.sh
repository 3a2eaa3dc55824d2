#!/usr/bin/env bash
# handout_workflow.sh FROM TO: prints the workflow of a handout for GitHub Classroom, .github/workflows/
# classroom.yml. Each lesson is a test of its own: its command is `make check-N`, whose status says
# whether all of it passes, and its points are its scenarios, or what WEIGHTS says (as in `make grade`).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

[[ ! -f ${WEIGHTS:-} ]] || WEIGHTS=$(sed 's/#.*//' "$WEIGHTS" | tr '\n' ' ')

# points N: a weighted exercise counts once, of any other each scenario.
points() {
    lessons/tools/student/scenarios.sh "$1" "$1" | awk -v weights="${WEIGHTS:-}" '
        BEGIN { for (n = split(weights, words, " "); n > 0; --n) { split(words[n], pair, "="); weight[pair[1]] = pair[2] } }
        { exercise = $1 "/" $3 }
        exercise in weight { if (!seen[exercise]++) sum += weight[exercise]; next }
        { ++sum }
        END { printf "%.0f", sum }'
}

cat <<'END'
# Every push is checked, lesson by lesson. GitHub Classroom takes the points from the last step; without
# it, the log says the same.
name: Checks
on: [push, workflow_dispatch]
permissions:
  checks: write
  actions: read
  contents: read
jobs:
  run-autograding-tests:
    runs-on: ubuntu-latest
    if: github.actor != 'github-classroom[bot]'
    steps:
      - name: Checkout code
        uses: actions/checkout@v4
      - name: Packages
        run: sudo apt-get -q update && sudo apt-get -q -y install g++ make libssl-dev
END
runners=() results=
for ((lesson = $1; lesson <= $2; ++lesson)); do
    [[ -n $(lessons/tools/student/scenarios.sh "$lesson" "$lesson") ]] || continue
    runners+=("lesson-$lesson")
    results+="          LESSON-${lesson}_RESULTS: \"\${{ steps.lesson-$lesson.outputs.result }}\""$'\n'
    cat <<END
      - name: Lesson $lesson
        id: lesson-$lesson
        uses: classroom-resources/autograding-command-grader@v1
        with:
          test-name: lesson $lesson
          command: make check-$lesson ONLY_LESSON=$lesson
          timeout: 30
          max-score: $(points "$lesson")
END
done
cat <<END
      - name: Autograding Reporter
        uses: classroom-resources/autograding-grading-reporter@v1
        env:
${results%$'\n'}
        with:
          runners: $(IFS=, && echo "${runners[*]}")
END
