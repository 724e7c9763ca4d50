#!/usr/bin/env bash
# Kernels with inline PTX, checked as far as text can be without a GPU: clang compiles the OpenCL C to PTX in the forms that lowering asks for, and NVIDIA's
# assembler makes machine code of it for sm_80 and sm_90, of wgmma for sm_90a. Prints registers, spills and shared memory of each kernel; fails on any
# error, warning of the assembler or spill, and where an instruction that should be there is missing. NVIDIA's driver has a compiler of its own, so
# that figures of registers are a guide. PTXAS names the assembler where it is not the one of the Python package.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup clang-16 libclc-16
if [ -z "${PTXAS:-}" ]; then
    scripts/python-packages Tests/requirements-ptx.txt
    PTXAS=$(find .venv/lib/ -path '*/nvidia/cuda_nvcc/bin/ptxas' | head -n 1)
fi
[ -x "$PTXAS" ] || { echo "check-ptx: there is no ptxas; set PTXAS" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fail() {
    echo "check-ptx: $1" >&2
    failed=1
}

# compile "FILES" DEFINES...: $work/kernel.ptx of Kernels/FILES.cl, in order.
compile() {
    local files=$1 file
    shift
    for file in $files; do cat "Kernels/$file.cl"; done >"$work/kernel.cl"
    # `asm` is NVIDIA's word; texmode_independent says nothing of a compute kernel, and assemblers refuse it beside sm_90a.
    clang-16 -x cl -cl-std=CL1.2 -target nvptx64-nvidia-nvcl -march=sm_80 -O3 -S "$work/kernel.cl" -o "$work/kernel.ptx" \
        -Dasm=__asm__ "$@" -Xclang -finclude-default-header -Xclang -target-feature -Xclang +ptx78 \
        -Xclang -mlink-builtin-bitcode -Xclang /usr/lib/clc/nvptx64--nvidiacl.bc 2>"$work/log" || {
        fail "$files $* does not compile: $(head -n 5 "$work/log")"
        return 1
    }
    sed -i 's/, *texmode_independent//' "$work/kernel.ptx"
}

# assemble NAME TARGET: one line a kernel.
assemble() {
    if ! "$PTXAS" -arch="$2" -v "$work/kernel.ptx" -o "$work/kernel.cubin" 2>"$work/log"; then
        fail "$1 is not assembled for $2: $(head -n 5 "$work/log")"
        return
    fi
    ! grep -i 'warning' "$work/log" || fail "$1 for $2: the assembler warns"
    awk -v name="$1" -v target="$2" '
        /Compiling entry function/ { split($0, words, "\047"); kernel = words[2] }
        /bytes stack frame/ { stack = $1; stores = $5; loads = $9 }
        / Used / {
            shared = 0
            for (i = 2; i <= NF; i++) {
                if ($i == "registers,") registers = $(i - 1)
                if ($i ~ /^smem/) shared = $(i - 2)
            }
            printf "%-44s %-7s %-18s %3d registers  %d spilled  %5d bytes shared\n", \
                name, target, kernel, registers, stores + loads, shared
            if (stack + stores + loads > 0) bad = 1
        }
        END { exit bad }' "$work/log" || fail "$1 for $2 spills registers"
}

# expect NAME INSTRUCTION...: in the PTX.
expect() {
    local name=$1 instruction
    shift
    for instruction in "$@"; do
        grep -qF "$instruction" "$work/kernel.ptx" || fail "$name has no $instruction"
    done
}

# The forms that the probe tries, one a FORM of probeInstructions.cl.
forms=(mma.sync.aligned.m16n8k16.row.col.f32.f16 mma.sync.aligned.m16n8k16.row.col.f32.bf16
    mma.sync.aligned.m16n8k8.row.col.f32.tf32 ldmatrix.sync.aligned.m8n8.x4.shared ldmatrix.sync.aligned.m8n8.x4.trans
    "cp.async.cg.shared.global" "cp.async.ca.shared.global" "cvt.rna.tf32.f32")
for form in "${!forms[@]}"; do
    name="probe, ${forms[form]%%.row*}"
    compile "common fragments probeInstructions" "-DFORM=$form" || continue
    expect "$name" "${forms[form]}"
    assemble "$name" sm_80
    assemble "$name" sm_90
done

# As the probe does with a driver's PTX.
if compile "common probeWarpgroup"; then
    assemble "probe, wgmma still covered" sm_90
    sed -i 's#//@##; s/^\.target.*/.target sm_90a/; s/^\.version.*/.version 8.0/' "$work/kernel.ptx"
    expect "probe, wgmma" wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 fence.proxy.async wgmma.wait_group
    assemble "probe, wgmma" sm_90a
fi

# Tiles of TensorConvolution+OpenCL.swift, with the stages that 48 KiB hold.
tiles=("128 128 64 32 3" "64 128 32 32 4" "64 64 32 32 4")
for tile in "${tiles[@]}"; do
    read -r rows columns warp_rows warp_columns stages <<<"$tile"
    size=(-DTILE_ROWS="$rows" -DTILE_COLUMNS="$columns" -DWARP_ROWS="$warp_rows" -DWARP_COLUMNS="$warp_columns" -DSTAGES="$stages")
    for operand in half tf32 stored; do
        case $operand in
        half) form=(-DTF32=0) expected=(mma.sync.aligned.m16n8k16.row.col.f32.f16 .x4.trans.shared) ;;
        # Activations stored in half.
        stored) form=(-DTF32=0 -DHALF_x=1 -DHALF_y=1 -DHALF_dy=1 -DHALF_residual=1) expected=(mma.sync.aligned.m16n8k16.row.col.f32.f16) ;;
        tf32) form=(-DTF32=1) expected=(mma.sync.aligned.m16n8k8.row.col.f32.tf32 cvt.rna.tf32.f32) ;;
        esac
        for window in any taps point parts; do
            # With all of the epilogue, PReLU included; parts of a sum have none.
            case $window in
            any) shape=(-DKERNEL_HEIGHT=3 -DKERNEL_WIDTH=3 -DVECTOR_Y=0 -DBIAS=1 -DRESIDUAL=1 -DACTIVATION=3) ;;
            taps) shape=(-DKERNEL_HEIGHT=3 -DKERNEL_WIDTH=3 -DWHOLE_TAPS=1 -DVECTOR_Y=1 -DBIAS=1 -DRESIDUAL=1 -DACTIVATION=3) ;;
            point) shape=(-DKERNEL_HEIGHT=1 -DKERNEL_WIDTH=1 -DPOINTWISE=1 -DVECTOR_X=1 -DVECTOR_Y=1 -DBIAS=1 -DRESIDUAL=1 -DACTIVATION=3) ;;
            parts) shape=(-DKERNEL_HEIGHT=3 -DKERNEL_WIDTH=3 -DWHOLE_TAPS=1 -DVECTOR_Y=1) ;;
            esac
            name="$operand, $rows x $columns, $window"
            compile "common fragments tensorTile tensorCores" "${size[@]}" "${form[@]}" "${shape[@]}" || continue
            expect "$name" "${expected[@]}" ldmatrix.sync.aligned.m8n8.x4 cp.async.cg.shared.global cp.async.wait_group
            assemble "$name" sm_80
            assemble "$name" sm_90
        done
        for window in padded inside; do
            case $window in
            padded) shape=(-DKERNEL_HEIGHT=3 -DKERNEL_WIDTH=3 -DPADDED=1 -DVECTOR_Y=1) ;;
            inside) shape=(-DKERNEL_HEIGHT=1 -DKERNEL_WIDTH=1 -DPADDED=0 -DVECTOR_Y=0) ;;
            esac
            name="$operand, $rows x $columns, weight gradient, $window"
            compile "common fragments tensorTile weightGradientWalk tensorWeightGradient" "${size[@]}" "${form[@]}" "${shape[@]}" || continue
            expect "$name" "${expected[0]}" ldmatrix.sync.aligned.m8n8.x4
            assemble "$name" sm_80
            assemble "$name" sm_90
        done
    done
done
exit $failed
