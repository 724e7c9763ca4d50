#!/bin/sh
# Runs the small operation cases on Oclgrind's simulated OpenCL device and fails on any race between work-items, read of
# uninitialised memory, access outside a buffer or misuse of the API that it reports.
set -eu
cd "$(dirname "$0")/.."

command -v oclgrind >/dev/null || { echo "oclgrind is missing: apt-get install oclgrind" >&2; exit 1; }
swift build --build-tests -c release
runner=$(ls "$(swift build --build-tests -c release --show-bin-path)"/*.xctest | head -n 1)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Oclgrind's own ICD stands in for every other: its device is the only one.
status=0
SEMBLANCE_SMALL_CASES=1 SEMBLANCE_REQUIRE_OPENCL=1 \
    oclgrind --data-races --uninitialized --check-api --max-errors 100000 --log "$log" \
    "$runner" --testing-library swift-testing --no-parallel --filter 'BackendAgreementTests' || status=$?

if [ -s "$log" ]; then
    echo "Oclgrind reports:" >&2
    head -n 60 "$log" >&2
    exit 1
fi
exit "$status"
