#!/usr/bin/env bash
# Runs every operation's cases, every algorithm for convolutions and half storage on Intel's OpenCL runtime for CPUs: a second compiler's opinion of every
# kernel, by a runtime that computes in half precision and vectorises work-items in its own way. Fails on any wrong result. Takes ten minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/python-packages Tests/requirements-intel.txt
library=$PWD/.venv/lib/libintelocl.so
[ -e "$library" ] || { echo "check-intel: the package has no $library" >&2; exit 1; }

# The loader finds what this folder names. The package's own folder must not be searched for libraries, as it has a loader too. Built programs are kept:
# Intel's compiler is what takes the time.
folder=$PWD/.build/intel
mkdir -p "$folder/vendors"
echo "$library" >"$folder/vendors/intel.icd"
log=$folder/log
status=0
OCL_ICD_VENDORS=$folder/vendors GOMP_SPINCOUNT=1000 SEMBLANCE_TUNING=off SEMBLANCE_REQUIRE_OPENCL=1 SEMBLANCE_CACHE="$folder/cache" \
    Tests/run.sh --filter '\.(BackendAgreementTests|ProductTests|HalfStorageTests)' >"$log" 2>&1 || status=$?
grep -v 'started\.$' "$log" | tail -n 40

# Without this line nothing has run, whatever the exit status says.
grep -q 'OpenCL tests run on.*Intel' "$log" || { echo "check-intel: the tests did not run on Intel's runtime; $log" >&2; exit 1; }
exit "$status"
