// A product by wgmma, which belongs to sm_90a, a target that OpenCL does not build for: the instruction stands in the program as comments that begin
// with //@. The host takes the built program's PTX, uncovers them, names the other target, and builds from that.
// y = A x B + C: A [64][16] and B [16][8] halves, C and y [64][8], all row-major. Global = local = 128.
__kernel __attribute__((reqd_work_group_size(128, 1, 1))) void multiply(
    __global const ushort *a, __global const ushort *b, __global const float *c, __global float *y)
{
    // B as the instruction wants it without swizzle: blocks of 8 columns x 8 deep, a column's 16 bytes at a time.
    __local ushort tile[128] __attribute__((aligned(128)));
    const uint item = get_local_id(0), lane = item % 32, column = item / 8 % 8, k = item / 64 * 8 + item % 8;
    tile[item] = b[k * 8 + column];
    // What was stored in the usual way is shown to the tensor cores.
    asm volatile("//@ fence.proxy.async.shared::cta;" : : : "memory");
    barrier(CLK_LOCAL_MEM_FENCE);

    // Rows of a warp and fragments of A and C are those of mma.m16n8k16.
    const uint row = item / 32 * 16 + lane / 4, pair = lane % 4 * 2, place = row * 8 + pair;
#define PAIR(i, j) ((uint)a[(row + i) * 16 + pair + j + 1] << 16 | a[(row + i) * 16 + pair + j])
    const uint a0 = PAIR(0, 0), a1 = PAIR(8, 0), a2 = PAIR(0, 8), a3 = PAIR(8, 8);
    float x = c[place], z = c[place + 1], u = c[place + 64], w = c[place + 65];
    // Start, and the 128 bytes from one block to the next in either direction, in units of 16 bytes.
    const ulong address = (ulong)(((uint)(size_t)tile & 0x3ffff) >> 4);
    const ulong descriptor = address | (ulong)8 << 16 | (ulong)8 << 32;
    asm volatile("//@ wgmma.fence.sync.aligned;\n\t"
                 "//@ wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%0, %1, %2, %3}, {%4, %5, %6, %7}, %8, 1, 1, 1, 0;\n\t"
                 "//@ wgmma.commit_group.sync.aligned;\n\t"
                 "//@ wgmma.wait_group.sync.aligned 0;\n\t"
                 : "+f"(x), "+f"(z), "+f"(u), "+f"(w)
                 : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "l"(descriptor)
                 : "memory");
    y[place] = x;
    y[place + 1] = z;
    y[place + 64] = u;
    y[place + 65] = w;
}
