#!/usr/bin/env bash
# How tests/run counts what its programs say: a skip is no pass and has a reason, and silence is a failure.
set -uo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
good=0 bad=0

# says EXPECTED CODE LINE...: what tests/run would end with after a program with these last words and exit code.
says() {
  local expected=$1 code=$2 got
  shift 2
  printf '%s\n' "$@" >"$work/log"
  # shellcheck source=tests/runner/counting.sh
  got=$(pattern=some; source "$root/tests/runner/counting.sh"; count program "$code" "$work/log" >/dev/null; finish 2>&1)
  got="$got($?)"
  if [[ $got == "$expected" ]]; then
    good=$((good + 1))
  else
    bad=$((bad + 1))
    printf 'FAILED: got\n%s\ninstead of\n%s\n' "$got" "$expected"
  fi
}

says "2 passed, 0 failed, 0 skipped(0)" 0 "2 passed, 0 failed, 0 skipped"
says "2 passed, 1 failed, 0 skipped(1)" 1 "2 passed, 1 failed, 0 skipped"
says "0 passed, 1 failed, 0 skipped(1)" 0 "2 passed, 0 failed"
says "0 passed, 1 failed, 0 skipped(1)" 0 ""
says "2 passed, 1 failed, 0 skipped(1)" 139 "2 passed, 0 failed, 0 skipped"
says "2 passed, 1 failed, 0 skipped(1)" 0 "2 passed, 0 failed, 1 skipped"
says $'Skipped:\n  program: a test: no root\n2 passed, 0 failed, 1 skipped(0)' 0 \
  "SKIPPED a test: no root" "2 passed, 0 failed, 1 skipped"
ran='[==========] 3 tests from 1 test suite ran. (5 ms total)'
says $'Skipped:\n  program: A.b/none: no root\n1 passed, 1 failed, 1 skipped(1)' 1 \
  '[ RUN      ] A.b/none' 'a_test.cc:5: Skipped' 'no root' '' '[  SKIPPED ] A.b/none, where GetParam() = 1 (0 ms)' \
  '[ RUN      ] A.c' '[  FAILED  ] A.c (0 ms)' "$ran" '[  PASSED  ] 1 test.' '[  SKIPPED ] 1 test, listed below:' \
  '[  SKIPPED ] A.b/none, where GetParam() = 1' '[  FAILED  ] A.c'
says $'No test was run: no name contains "some".\n0 passed, 0 failed, 0 skipped(1)' 0 \
  '[==========] 0 tests from 0 test suites ran. (0 ms total)' '[  PASSED  ] 0 tests.'
echo "$good passed, $bad failed, 0 skipped"
exit $((bad > 0))
