#!/usr/bin/env bash
# Runs the tests that `make test` built, with the given arguments of `swift test`, and repeats at the end what failed: a log of
# hundreds of tests that run side by side is long, and continuous integration may keep only its last lines.
set -uo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
"${SWIFT:-swift}" test -c release --skip-build "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
if [ "$status" -ne 0 ]; then
    printf '\nFailed (exit status %s):\n' "$status"
    # The mark of a failure, or what a process that was killed or trapped leaves; comments follow on lines of their own.
    grep -E -A 3 'recorded an issue|Fatal error|error: |Crash' "$log" | grep -v -E '(started|passed after [0-9.]+ seconds)\.$' \
        | head -n 100
fi
exit "$status"
