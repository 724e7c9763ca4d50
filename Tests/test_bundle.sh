#!/usr/bin/env bash
# The bundle on a bare machine: a root folder with the C library, a shell and the unpacked archive, nothing else.
set -euo pipefail
archive=$(realpath "${1:?the archive}")
limit=30000000
size=$(stat -c %s "$archive")
[ "$size" -lt "$limit" ] || { echo "test_bundle: $archive has $size bytes, $limit are allowed" >&2; exit 1; }
root=$(mktemp -d)
trap 'umount "$root/proc" 2>/dev/null || true; rm -rf --one-file-system "$root"' EXIT
if ! command -v chroot >/dev/null || ! chroot / true 2>/dev/null; then
    echo "SKIPPED: test_bundle: a root folder of its own takes a superuser"
    exit 0
fi

mkdir -p "$root/lib/x86_64-linux-gnu" "$root/lib64" "$root/bin" "$root/tmp" "$root/dev" "$root/proc" "$root/home"
: >"$root/dev/null"
for library in libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1; do
    cp -L "/lib/x86_64-linux-gnu/$library" "$root/lib/x86_64-linux-gnu/"
done
# Swift reads its arguments there.
mount -t proc proc "$root/proc" 2>/dev/null || mount --bind /proc "$root/proc" || {
    echo "SKIPPED: test_bundle: /proc cannot be mounted"
    exit 0
}
cp -L /lib64/ld-linux-x86-64.so.2 "$root/lib64/"
cp -L "$(command -v dash || command -v sh)" "$root/bin/sh"
tar -C "$root" -xf "$archive"

chroot=$(command -v chroot)
run() { env -i HOME=/home PATH=/bin "$chroot" "$root" /semblance/semblance "$@"; }
fail() {
    echo "test_bundle: $1" >&2
    exit 1
}

run devices >"$root/out" || fail "devices does not run"
grep -q '^\* cpu ' "$root/out" || fail "devices does not choose the CPU: $(cat "$root/out")"
run new --network small --size 32 --output /tmp/m.onnx >/dev/null || fail "new does not run"
run bench --model /tmp/m.onnx --iterations 2 --json >"$root/out" || fail "bench does not run"
grep -q '"device":"cpu"' "$root/out" || fail "bench says nothing of the CPU: $(cat "$root/out")"
# Pictures, a gallery and a search: every library is used.
run faces --people 3 --images 2 --size 32 /tmp/faces >/dev/null || fail "faces does not run"
run enroll --gallery /tmp/g.semblance --model /tmp/m.onnx /tmp/faces >/dev/null || fail "enroll does not run"
run identify --gallery /tmp/g.semblance --model /tmp/m.onnx /tmp/faces/person00/00.png --threshold 0.9 >"$root/out" \
    || fail "identify does not run"
grep -q ': person00' "$root/out" || fail "identify says: $(cat "$root/out")"
run doctor --device cpu >"$root/out" || fail "doctor finds: $(cat "$root/out")"
grep -q 'verdict: healthy' "$root/out" || fail "doctor says: $(cat "$root/out")"
# A GPU that is asked for and not there is an error and not a fallback.
if run bench --model /tmp/m.onnx --device gpu 2>"$root/err"; then fail "--device gpu runs without a GPU"; fi
grep -q 'there is no GPU' "$root/err" || fail "--device gpu says: $(cat "$root/err")"
echo "test_bundle: $size bytes, runs in a bare root"
