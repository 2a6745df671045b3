# ./dev test: which suites there are, how each runs, and the sum of them all. Sourced by `dev`, whose functions it uses.
# Catch2 programs run by ctest, everything else by `node --test`; WEIR_BIN names the program under test.
# shellcheck shell=bash disable=SC2154

run_log=build/test
run_failures=$run_log/failures.txt  # what failed tests said, of all suites of a run: .ci/run ends with it
npm_folders=(tests bench/streamvibe)
pages_at_once=$(($(nproc) * 2))  # they wait more than they work

filter=''
passed=0
failed=0
sums=()

count() {  # SUITE PASSED FAILED STATUS: adds to the sum; a suite that failed without a failed test counts as one
  local least
  (($4 != 0 && $3 == 0)) && set -- "$1" "$2" 1 "$4"
  least=$(awk -v suite="$1" '$1 == suite { print $2 }' tests/expected)
  if [[ ! $filter && $least ]] && (($2 + $3 < least)); then
    say "$1: $(($2 + $3)) tests ran, tests/expected says at least $least: which was lost?"
    set -- "$1" "$2" $(($3 + 1)) 1
  fi
  passed=$((passed + $2))
  failed=$((failed + $3))
  sums+=("$(printf '%-12s %5d passed %5d failed' "$1" "$2" "$3")")
}

# Passed and failed test cases of Catch2 programs run by ctest; another program counts as one case.
sum_ctest() {
  awk '/^[0-9]+\/[0-9]+ Testing: / { p = 0; f = 0; seen = 0 }
    /^All tests passed \(/ { seen = 1; for (i = 1; i <= NF; i++) if ($i == "test") p = $(i - 1) }
    /^test cases: / { seen = 1; for (i = 1; i <= NF; i++) { if ($i == "passed") p = $(i - 1); if ($i == "failed") f = $(i - 1) } }
    /^No tests? (cases matched|ran)/ { seen = 1 }
    /^Test Passed\.$/ { if (!seen) p = 1; P += p; F += f }
    /^Test Failed\.$/ { P += p; F += f ? f : 1 }
    END { print P + 0, F + 0 }' "$1"
}

note_failures() {  # SUITE: keeps what it reads from stdin, as far as anybody would read it
  { say "$1: what failed"; awk 'NR <= 120'; } >>"$run_failures"
}

run_ctest() {  # SUITE FOLDER [CTEST OPTION…]
  local suite=$1 folder=$2 status=0 log program
  shift 2
  log=$folder/Testing/Temporary/LastTest.log
  rm -f "$log"
  if [[ $filter ]] && ctest --test-dir "$folder" -N -R "$filter" "$@" | grep -q '^Total Tests: 0'; then
    # Not the name of a program: it may be that of a test case.
    log=$run_log/$suite.log
    mkdir -p "$run_log"
    for program in "$folder"/tests/test_*; do
      echo "1/1 Testing: $program"
      if run "${still[@]}" "$program" "*$filter*"; then echo 'Test Passed.'; else echo 'Test Failed.'; fi
    done >"$log"
    if grep -q '^Test Failed' "$log"; then status=1; cat "$log"; fi
  else
    run "${still[@]}" ctest --test-dir "$folder" --output-on-failure --no-tests=ignore --timeout 300 -j "$(nproc)" \
      ${filter:+-R "$filter"} "$@" || status=$?
  fi
  ((status == 0)) || awk '/FAILED|ERROR: |runtime error|WARNING: ThreadSan/ { left = 12 } left-- > 0' "$log" | note_failures "$suite"
  # shellcheck disable=SC2046
  count "$suite" $(sum_ctest "$log" 2>/dev/null || echo 0 0) "$status"
}

run_node() {  # SUITE FILE…
  local suite=$1 file status=0 files=() pattern=() log=$run_log/$1.tap
  shift
  for file in "$@"; do
    [[ -f $file ]] || { say "$suite: $file is missing"; count "$suite" 0 1 1; continue; }
    [[ $filter && $file != *"$filter"* ]] || files+=("$file")
  done
  if [[ $filter ]] && ((${#files[@]} == 0)); then files=("$@") pattern=(--test-name-pattern "$filter"); fi
  if ((${#files[@]} == 0)); then count "$suite" 0 0 0; return; fi
  mkdir -p "$run_log"
  rm -f "$log"
  run "${still[@]}" timeout -k 20 "${SUITE_SECONDS:-1200}" node --test --test-concurrency="$pages_at_once" "${pattern[@]}" --test-reporter=spec \
    --test-reporter-destination=stdout --test-reporter=tap --test-reporter-destination="$log" "${files[@]}" || status=$?
  ((status != 124)) || say "$suite: stopped after ${SUITE_SECONDS:-1200} seconds"
  ((status == 0)) || awk '/^ *not ok / { on = 1 } on { print } /^ *\.\.\.$/ { on = 0 }' "$log" | note_failures "$suite"
  count "$suite" "$(sum_tap pass "$log")" $(($(sum_tap fail "$log") + $(sum_tap cancelled "$log"))) "$status"
}
sum_tap() { awk -v word="$1" '$1 == "#" && $2 == word { n = $3 } END { print n + 0 }' "$2" 2>/dev/null || echo 0; }

suite_unit() {
  build asan
  run_ctest unit build/asan
  run_node layers tests/layers/*.test.js
}
suite_scenario() { build asan weir weir_stutters; run_node scenario tests/scenario/*.test.js; }
suite_conformance() { build asan weir; run_node conformance tests/conformance/*.test.js; }
suite_hostile() { build asan weir; run_node hostile tests/hostile/*.test.js; }
suite_e2e() { build asan weir; run_node e2e tests/e2e/*.test.js; }
suite_streamvibe() {
  local files
  mapfile -t files < <(find bench -name node_modules -prune -o -name '*.test.js' -print | sort)
  run_node streamvibe "${files[@]}"
}
# Purged means gone on all nodes, while things break; and a weir that is broken on purpose is caught. A failed run names its
# seed: `node tests/coherence/run.js --seed N`. As one suite of all it is short. The broken one runs until it is caught.
suite_coherence() {
  local good=0
  build asan weir
  check_coherence --broken --seconds 300 && good=$((good + 1))
  check_coherence --invalidations "${COHERENCE_INVALIDATIONS:-100000}" --seconds 1200 && good=$((good + 1))
  count coherence "$good" $((2 - good)) 0
}
check_coherence() {
  local log=$run_log/coherence.log
  rm -f "$log"
  run node tests/coherence/run.js --log "$log" "$@" || { tail -n 30 "$log" | note_failures coherence; return 1; }
}
# Only what crosses threads: the program, and the unit tests that ctest knows by that label.
suite_tsan() {
  local files programs
  mapfile -t programs < <(printf '%s\n' tests/unit/*/*threads_test.cc | sed 's|tests/unit/\(.*\)/.*|test_\1|' | sort -u)
  build tsan weir "${programs[@]}"
  run_ctest tsan-unit build/tsan -L threads
  mapfile -t files < <(sed '/^#/d; /^$/d; s|^|tests/scenario/|' tests/scenario/threads.list)
  WEIR_BIN=$PWD/build/tsan/weir WEIR_TEST_PATIENCE=4 run_node tsan "${files[@]}"
}

call_test() {
  local suites=() suite since=$SECONDS
  while (($#)); do
    case $1 in
      -k) (($# > 1)) || wrong_use "-k wants a filter" test; filter=$2; shift ;;
      unit | scenario | hostile | conformance | streamvibe | e2e | coherence | tsan) suites+=("$1") ;;
      *) wrong_use "no suite is called $1" test ;;
    esac
    shift
  done
  if ((${#suites[@]} == 0)); then
    suites=(unit scenario hostile conformance streamvibe e2e coherence tsan)
    export COHERENCE_INVALIDATIONS=${COHERENCE_INVALIDATIONS:-5000}
  fi
  shopt -s nullglob
  need build test node
  need_npm "${npm_folders[@]}"
  still=()  # sanitizers of g++ 12 can't live with every layout of the address space
  if setarch -R true 2>/dev/null; then still=(setarch -R); fi
  export WEIR_BIN=$PWD/build/asan/weir SCALE=${SCALE:-0.01} WEIR_TEST_PATIENCE=${WEIR_TEST_PATIENCE:-2}
  export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:${ASAN_OPTIONS:-}
  export UBSAN_OPTIONS=print_stacktrace=1:${UBSAN_OPTIONS:-}
  export TSAN_OPTIONS=second_deadlock_stack=1:${TSAN_OPTIONS:-}
  mkdir -p "$run_log"
  : >"$run_failures"
  for suite in "${suites[@]}"; do
    say "Suite $suite"
    "suite_$suite"
  done
  cat "$run_failures"
  say "Sum, after $((SECONDS - since)) s"
  printf '    %s\n' "${sums[@]}"
  [[ $filter ]] && ((passed + failed == 0)) && die "no test matches $filter"
  printf '%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0))
}

