#!/bin/sh
# Runs small cases of every operation, and of every algorithm for convolutions, on Oclgrind's simulated OpenCL device. Fails on
# any race between work-items, access outside a buffer or misuse of the API that it reports, and on any wrong result.
#
# Reads of memory that nothing has written show as NaN, since the cases poison it. Oclgrind's own --uninitialized is of no use
# here: version 21.10 takes what clEnqueueWriteBuffer writes at an offset for uninitialised.
set -eu
cd "$(dirname "$0")/.."

command -v oclgrind >/dev/null || { echo "oclgrind is missing: apt-get install oclgrind" >&2; exit 1; }
swift build --build-tests -c release
tests=$(find "$(swift build --build-tests -c release --show-bin-path)" -maxdepth 1 -name '*.xctest' | head -n 1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One case at a time, as Oclgrind's compiler is not thread-safe; no program binaries from earlier runs.
status=0
SEMBLANCE_SMALL_CASES=1 SEMBLANCE_REQUIRE_OPENCL=1 SEMBLANCE_CACHE="$work/cache" \
    oclgrind --data-races --check-api --max-errors 1000000 --log "$work/log" \
    "$tests" --testing-library swift-testing --no-parallel --filter "BackendAgreementTests|ProductTests" \
    >"$work/output" 2>&1 || status=$?
grep -v 'started\.$' "$work/output" | tail -n 40

# Without this line nothing has run, whatever the exit status says.
if ! grep -q 'OpenCL tests run on Oclgrind' "$work/output"; then
    echo "The tests did not run on Oclgrind's device." >&2
    exit 1
fi
if [ -s "$work/log" ]; then
    echo "Oclgrind reports:" >&2
    head -n 60 "$work/log" >&2
    exit 1
fi
exit "$status"
