# Every program of a build with sanitizers, the ones that tests start included: what a sanitizer says goes to files
# of its own, because a child's output may be read by nobody. The end-to-end tests run a whole host with them.
# Some hours on two cores; a program that hangs is ended after 45 minutes, a script after 60. Sourced by tests/run.
# shellcheck shell=bash

sanitizer_summary=()

# findings_in FOLDER: shows what the sanitizers wrote and counts it as failed.
findings_in() {
  local finding
  findings=0
  for finding in "$1"/finding*; do
    [[ -s $finding ]] || continue
    findings=$((findings + 1)) failed=$((failed + 1))
    head -n 60 "$finding"
  done
}

# sanitized SANITIZER FOLDER PROGRAM: its tests, with findings in a folder of their own.
sanitized() {
  local kind=$1 folder=$2 program=$3 place=$logs/${2#build-}.$3 before=("$passed" "$failed") began=$SECONDS
  mkdir -p "$place" # no comma in it: it would end the option
  local options="log_path=$place/finding"
  export ASAN_OPTIONS="$options:detect_stack_use_after_return=1"
  export UBSAN_OPTIONS="$options:halt_on_error=1:print_stacktrace=1"
  export TSAN_OPTIONS="$options:exitcode=66:suppressions=$root/tests/sanitizers/thread.txt"
  export LSAN_OPTIONS="suppressions=$root/tests/sanitizers/leak.txt:print_suppressions=0"
  if [[ $program == e2e ]]; then
    PLANWRIGHT_BINARY=$root/$folder/planwright scripts e2e "$cores" # they mostly wait
  else
    program_seconds=2700 shards "$folder/${program}_tests" "$program ($kind)"
  fi
  findings_in "$place"
  sanitizer_summary+=("$(printf '%-18s %-12s %4d passed %4d failed %4d findings %5d s' "$kind" "$program" \
    $((passed - before[0])) $((failed - before[1] - findings)) "$findings" $((SECONDS - began)))")
}

# A warning is no error here: what GCC inserts for a sanitizer makes it warn of sound code (its manual, -fsanitize).
run_sanitizers() {
  local kind folder program findings
  for kind in address,undefined thread; do
    folder=build-${kind%%,*}
    build "$folder" -DCMAKE_BUILD_TYPE=RelWithDebInfo "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1" \
      -DPLANWRIGHT_TESTS=ON -DPLANWRIGHT_WERROR=OFF "-DPLANWRIGHT_SANITIZE=$kind"
    for program in unit integration e2e; do
      sanitized "$kind" "$folder" "$program"
    done
  done
  unset ASAN_OPTIONS UBSAN_OPTIONS TSAN_OPTIONS LSAN_OPTIONS
  printf '%s\n' "${sanitizer_summary[@]}"
}
