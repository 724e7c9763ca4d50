#!/usr/bin/env bash
# All that there is to know about a GPU and this engine, in under 9 minutes: gpu.sh [FOLDER]. Runs from the unpacked bundle or from the sources, with
# the device of SEMBLANCE_DEVICE (default: gpu). Each step has a time limit and leaves its output, and its errors beside it, in the folder (default:
# gpu-results); a step that fails does not stop the others, and summary.txt says how each ended. Where python3 can import torch, PyTorch is timed in
# the same run, on CUDA or, by pytorch_ocl, on OpenCL. Kernels are tuned into a table in the folder, which all that comes after uses.
set -uo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
results=$(realpath -m "${1:-gpu-results}")
export SEMBLANCE_DEVICE=${SEMBLANCE_DEVICE:-gpu}
semblance=$here/semblance
[ -x "$semblance" ] || semblance=$here/.build/release/semblance
[ -x "$semblance" ] || { echo "gpu.sh: there is no program beside it; run make build, or unpack the bundle" >&2; exit 1; }
mkdir -p "$results" || exit 1
cd "$results" || exit 1
: >summary.txt
rm -f tuning.json
failed=0

# step NAME SECONDS COMMAND...: NAME is the file of its output.
step() {
    local name=$1 limit=$2 start=$SECONDS status
    shift 2
    if [ $((530 - SECONDS)) -lt "$limit" ]; then limit=$((530 - SECONDS)); fi
    if [ "$limit" -lt 5 ]; then
        failed=1
        echo "$name: left out, the time is up" | tee -a summary.txt
        return
    fi
    timeout --kill-after=5 "$limit" "$@" >"$name" 2>"$name.errors"
    status=$?
    [ -s "$name.errors" ] || rm -f "$name.errors"
    [ $status -eq 0 ] || failed=1
    echo "$name: exit $status after $((SECONDS - start)) s: $*" | sed "s#$here/##g" | tee -a summary.txt
}

system() {
    date -u +%F
    uname -srm
    nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm,clocks.max.memory --format=csv 2>/dev/null
    for file in /etc/OpenCL/vendors/*; do [ ! -f "$file" ] || echo "$file: $(cat "$file")"; done
    find /usr/lib /usr/lib64 /usr/local/nvidia -name 'libnvidia-opencl.so*' 2>/dev/null
    python3 -c 'import torch; print("torch", torch.__version__, torch.version.cuda)' 2>/dev/null
    return 0
}

export -f system
# First what the driver really does: all that follows is read in its light.
step probe.json 60 "$semblance" probe --json --text "$results/probe.txt"
# The user's own table would make the results depend on what was done before.
export SEMBLANCE_TUNING=off
step system.txt 20 bash -c system
step devices.json 20 "$semblance" devices --json
step doctor.json 120 "$semblance" doctor --json
for network in iresnet50 mobilefacenet; do
    step "$network.txt" 20 "$semblance" new --network $network --size 112 --output $network.onnx
    step "$network-64-untuned.json" 20 "$semblance" bench --model $network.onnx --batch 64 --json
done
step tune.txt 100 "$semblance" tune --seconds 75 --output "$results/tuning.json"
[ ! -f tuning.json ] || export SEMBLANCE_TUNING=$results/tuning.json
for network in iresnet50 mobilefacenet; do
    for batch in 1 16 64 256; do
        step "$network-$batch.json" 30 "$semblance" bench --model $network.onnx --batch $batch --ceilings --json
    done
    step "$network-64-half.json" 40 "$semblance" bench --model $network.onnx --batch 64 --precision half --json
    step "$network-64-profile.txt" 40 "$semblance" bench --model $network.onnx --batch 64 --profile --trace "$network-trace.json"
done
step training.json 40 "$semblance" bench --model iresnet50.onnx --batch 64 --training --iterations 10 --json
step training-half.json 40 "$semblance" bench --model iresnet50.onnx --batch 64 --training --precision half --iterations 10 --json
step search.json 60 "$semblance" bench-search --faces 1000000 --dimension 512 --json
rm -f iresnet50.onnx mobilefacenet.onnx
if python3 -c 'import torch' 2>/dev/null; then
    step torch.txt 530 python3 "$here/Benchmarks/peers/compare.py" "$semblance" \
        --device "$SEMBLANCE_DEVICE" --torch-python python3 --rounds 10 --output "$results/torch.json"
else
    echo "torch: python3 cannot import it, so that nothing is compared with it" | tee -a summary.txt
fi
echo "results are in $results"
exit $failed
