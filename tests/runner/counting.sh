# How tests/run counts; sourced by it. Each runner says how many passed, failed and were skipped, and why:
# GoogleTest in its own words, all others by a last line "N passed, N failed, N skipped" and, before it, a line
# "SKIPPED name: reason" for each skip.
# shellcheck shell=bash

passed=0 failed=0 skips=()

finish() {
  ((passed + failed + ${#skips[@]})) || echo "No test was run${pattern:+: no name contains \"$pattern\"}." >&2
  if ((${#skips[@]})); then
    echo "Skipped:"
    printf '  %s\n' "${skips[@]}"
  fi
  echo "$passed passed, $failed failed, ${#skips[@]} skipped"
  ((passed > 0 && failed == 0)) && exit 0
  exit 1
}

# fail WHAT: something that is no test went wrong.
fail() {
  failed=$((failed + 1))
  echo "FAILED $1"
}

is_google_test() { grep -q '^\[==========\].* ran\.' "$1"; } # LOG

skips_of() { # LOG: "name: reason" of each
  if is_google_test "$1"; then
    awk '/^\[ RUN      \]/ { reason = ""; next }
         /: Skipped$/ { wanted = 1; next }
         /^\[  SKIPPED \] .* \([0-9]+ ms\)$/ { sub(/,$/, "", $4); print $4 ": " reason; wanted = 0; next }
         wanted && NF { reason = $0; wanted = 0 }' "$1"
  else
    sed -n 's/^SKIPPED //p' "$1"
  fi
}

# count NAME CODE LOG: adds what a finished program says in its log; a failure shows the log.
count() {
  local name=$1 code=$2 log=$3 good bad skipped last reasons=()
  mapfile -t reasons < <(skips_of "$log")
  if is_google_test "$log"; then
    good=$(sed -nE 's/^\[  PASSED  \] ([0-9]+) test.*/\1/p' "$log" | tail -n 1)
    bad=$(grep -cE '^\[  FAILED  \] .* \([0-9]+ ms\)$' "$log")
    skipped=${#reasons[@]}
  else
    last=$(tail -n 1 "$log" | grep -xE '[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped')
    read -r good _ bad _ skipped _ <<<"$last"
    [[ -n $last ]] || code=$((code == 0 ? 1 : code)) # it never said how it went
    ((${skipped:-0} == ${#reasons[@]})) || code=1 # a skip without a reason
  fi
  good=${good:-0} bad=${bad:-0}
  ((code != 0 && bad == 0)) && bad=1
  passed=$((passed + good)) failed=$((failed + bad))
  ((${#reasons[@]} == 0)) || skips+=("${reasons[@]/#/$name: }")
  if ((bad)); then
    cat "$log"
    echo "FAILED $name: $good passed, $bad failed (exit code $code)"
  elif ((good + ${#reasons[@]})); then
    echo "ok $name: $good passed$( ((${#reasons[@]})) && echo ", ${#reasons[@]} skipped")"
  fi
}
