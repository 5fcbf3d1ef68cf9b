#!/usr/bin/env bash
# The README's way from a dropped file to a build, through the command line: a host with its private Postgres and Redis,
# a recipe, manual and automatic mode, logs, a failing job, a clean stop. The last line is what tests/run reads.
set -uo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.." && pwd)
binary=${PLANWRIGHT_BINARY:-$root/build/planwright}
work=$(mktemp -d)
chmod 755 "$work"
passed=0 failed=0 host=

finish() {
  [[ -z $host ]] || kill -KILL "$host" 2>/dev/null
  ((failed)) && tail -n 40 "$work/host.log"
  rm -rf "$work"
  echo "$passed passed, $failed failed, 0 skipped"
  exit $((failed > 0))
}

# check WHAT COMMAND...: the command must succeed.
check() {
  local what=$1
  shift
  if "$@" >"$work/check.log" 2>&1; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    echo "FAILED: $what"
    cat "$work/check.log"
  fi
}

pw() { "$binary" "$@"; }
equals() { [[ $1 == "$2" ]] || { echo "got: $1"; echo "expected: $2"; return 1; }; }
exits() { # CODE COMMAND...
  local code=$1
  shift
  "$@"
  equals "$?" "$code"
}
# within SECONDS COMMAND...: succeeds once the command does.
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.2
  done
}

cd "$work" || finish
mkdir -p etc input
cp "$root/config/quickstart.yaml" etc/
"$binary" serve --config etc/quickstart.yaml --listen 127.0.0.1:0 >ready 2>host.log &
host=$!
check "the host gets ready" within 180 grep -q '^planwright ready http' ready
((failed)) && finish
check "stdout carries the ready line only" equals "$(wc -l <ready)" 1
check "the address is written down" equals "planwright ready $(cat .planwright/planwright.url)" "$(cat ready)"
check "healthz answers" curl -sf "$(cat .planwright/planwright.url)/healthz"
check "the page is served" curl -sf "$(cat .planwright/planwright.url)/"

cat >hello.plan.yaml <<'END'
jobs:
  greet: {command: ["sh", "-c", "echo greeting; echo hello > out.txt"], outputs: [out.txt]}
  shout:
    needs: [greet]
    command: tr a-z A-Z < in.txt > loud.txt
    inputs: {in.txt: greet/out.txt}
    outputs: [loud.txt]
END
cp hello.plan.yaml input/
plan_of() { pw plans list -q "$1" -o name | grep -m1 .; }
status_of() { pw plan "$1" --columns status --no-headers; }
has_status() { [[ $(status_of "$1") == "$2" ]]; }

has_plan_built() { has_status "$(plan_of "$1")" built; }
is_recorded() { [[ -n $(pw inputs list -q "$1" -o name) ]]; }

check "a dropped recipe becomes a plan" within 120 plan_of hello
plan=$(plan_of hello)
check "building is manual: the plan waits" has_status "$plan" ready_for_build
check "the plan has two jobs" equals "$(pw plan "$plan" --columns summary.jobs --no-headers)" 2
check "the plan document is there" pw plan "$plan" artifact
check "Enqueue build" pw enqueue-build "$plan"
check "watch returns success" timeout 240 "$binary" watch plan "$plan"
check "the plan is built" has_status "$plan" built
check "every job succeeded" equals "$(pw jobs list "$plan" --columns status --no-headers | sort -u)" succeeded
check "a job's log is kept" equals "$(pw logs "$plan-greet")" greeting
build=$(pw plan "$plan" --columns build_id --no-headers)
check "the manifest names the output" grep -q loud.txt <(pw build "$build" manifest -o json)
digest=$(pw build "$build" manifest -o json | grep -o '"loud.txt"[^}]*' | grep -o 'sha256:[0-9a-f]*')
check "the output is what the jobs made" equals \
  "$(curl -s -H "Authorization: Bearer $(cat .planwright/token)" "$(cat .planwright/planwright.url)/api/blobs/$digest")" HELLO

check "building by itself is switched on" pw mode build auto
printf 'jobs:\n  bad: {command: "echo why >&2; exit 3"}\n  after: {needs: [bad], command: "true"}\n  good: {command: "true"}\n' >broken.plan.yaml
check "a failing build is exit code 1" exits 1 timeout 240 "$binary" submit broken.plan.yaml --wait
plan=$(plan_of broken)
check "the others were built, dependents were not" equals \
  "$(pw jobs list "$plan" --columns name,status --no-headers | tr -s ' ' | sort | tr '\n' ';')" \
  "after dep_failed;bad failed;good succeeded;"
check "the failed job's log says why" grep -q why <(pw logs --plan "$plan" --failed)

printf 'jobs:\n  a: {comand: x}\n' >wrong.plan.yaml
check "a wrong recipe is exit code 1" exits 1 timeout 240 "$binary" submit wrong.plan.yaml --wait
check "and names its line" grep -q 'line 2' <(pw inputs list -q wrong)

check "planning is switched to manual" pw mode plan manual
cp hello.plan.yaml input/later.plan.yaml
check "a new file is recorded" within 120 is_recorded later
input=$(pw inputs list -q later -o name)
check "but not planned" equals "$(pw input "$input" --columns status --no-headers)" pending
check "Generate plan" pw enqueue-plan "$input"
check "then it is planned and, in auto mode, built" within 120 has_plan_built later
check "what is not there is exit code 3" exits 3 pw plan 99999
check "status answers" pw status

kill -TERM "$host"
wait "$host"
code=$?
check "SIGTERM drains and exits 0" equals "$code" 0
host=
check "nobody is left behind" equals "$(pgrep -f "$work" | grep -vx $$ | wc -l)" 0
finish
