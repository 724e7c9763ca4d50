// What the 32 lanes of a warp do together for a tensor core: load and multiply fragments, and copy to local memory without waiting. Put before
// the files that say so in ProgramSource.swift. A warp is 32 work-items with consecutive numbers of a work-group of one dimension.
//
// Two implementations: PTX for NVIDIA's GPUs from compute capability 8.0 on, which `semblance probe` checks before anything relies on it, and with
// EMULATED=1 one for any device, in which lanes tell each other what they hold through `exchange`, local memory of the warp's own. The emulation
// shows that a kernel's indices are right; it is slow, and every work-item of the group must call it the same number of times.
//
// A fragment of a matrix is spread over the lanes as the PTX manual draws it, in registers of 32 bits with two 16-bit elements or one TF32
// element. Products are 16 x 8; lane l holds of the sum rows l/4 (x, y) and l/4 + 8 (z, w), columns 2 (l%4) and the next.

#ifndef EMULATED
#define EMULATED 0
#endif

#define LANE (get_local_id(0) % 32)

#if EMULATED
#define EXCHANGE_WORDS 192
#define WARP_EXCHANGE(exchange, warps)                      \
    __local uint exchange##_words[(warps) * EXCHANGE_WORDS]; \
    __local uint *const exchange = exchange##_words + get_local_id(0) / 32 * EXCHANGE_WORDS;
#else
#define WARP_EXCHANGE(exchange, warps) __local uint *const exchange = 0;
#endif

// Four 8 x 8 matrices of 16-bit elements. Lane l says where row l%8 of matrix l/8 begins, in chunks of 16 bytes; register i gets elements 2 (l%4) and the
// next of row l/4 of matrix i, or, TRANSPOSED, of its column l/4. Rows of four 32-bit elements are loaded by the same instruction: element l%4.
#if EMULATED
static uint4 loaded_matrices(const __local uint4 *tile, uint row, bool transposed, __local uint *exchange)
{
    const __local uint *words = (const __local uint *)tile;
    const uint lane = LANE;
    uint found[4];
    barrier(CLK_LOCAL_MEM_FENCE);
    exchange[lane] = row;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = 0; i < 4; i++) {
        if (transposed) {
            const uint shift = lane / 4 % 2 * 16, word = lane / 8;
            const uint low = words[exchange[i * 8 + lane % 4 * 2] * 4 + word] >> shift & 0xffff;
            const uint high = words[exchange[i * 8 + lane % 4 * 2 + 1] * 4 + word] >> shift & 0xffff;
            found[i] = high << 16 | low;
        } else {
            found[i] = words[exchange[i * 8 + lane / 4] * 4 + lane % 4];
        }
    }
    return (uint4)(found[0], found[1], found[2], found[3]);
}
#define load_matrices(tile, row, exchange) loaded_matrices(tile, row, false, exchange)
#define load_transposed(tile, row, exchange) loaded_matrices(tile, row, true, exchange)
#else
// The address of local memory as PTX's shared state space has it.
#define SHARED_ADDRESS(pointer) ((uint)(size_t)(pointer))
#define LOAD_BY(name, form)                                                                       \
    static uint4 name(const __local uint4 *tile, uint row, __local uint *exchange)                         \
    {                                                                                                      \
        uint a, b, c, d;                                                                                   \
        asm volatile("ldmatrix.sync.aligned.m8n8.x4" form ".shared.b16 {%0, %1, %2, %3}, [%4];"            \
                     : "=r"(a), "=r"(b), "=r"(c), "=r"(d)                                                  \
                     : "r"(SHARED_ADDRESS(tile + row))                                                     \
                     : "memory");                                                                          \
        return (uint4)(a, b, c, d);                                                                        \
    }
LOAD_BY(load_matrices, "")
LOAD_BY(load_transposed, ".trans")
#endif

// sum + A x B. A's registers: rows l/4, l/4 + 8, and both again for the second half of the depth; B's: column l/4, both halves of the depth.
// A register of 16-bit elements holds depth 2 (l%4) and the next, one of TF32 depth l%4.
#if EMULATED
#define HALF_ELEMENT(word, part) vload_half(part, (const __local half *)(word))
#define BFLOAT_ELEMENT(word, part) as_float(*(word) >> (part) * 16 << 16)
#define TF32_ELEMENT(word, part) as_float(*(word) & 0xffffe000u)
#define MULTIPLY_BY(name, PER_WORD, ELEMENT)                                                                  \
    static float4 name(uint4 a, uint2 b, float4 sum, __local uint *exchange)                               \
    {                                                                                                      \
        const uint lane = LANE, row = lane / 4, column = lane % 4 * 2;                                     \
        barrier(CLK_LOCAL_MEM_FENCE);                                                                      \
        exchange[lane] = a.x;                                                                              \
        exchange[32 + lane] = a.y;                                                                         \
        exchange[64 + lane] = a.z;                                                                         \
        exchange[96 + lane] = a.w;                                                                         \
        exchange[128 + lane] = b.x;                                                                        \
        exchange[160 + lane] = b.y;                                                                        \
        barrier(CLK_LOCAL_MEM_FENCE);                                                                      \
        for (uint k = 0; k < 8 * PER_WORD; k++) {                                                          \
            const uint upper = k / (4 * PER_WORD), holder = k / PER_WORD % 4, part = k % PER_WORD;         \
            const __local uint *rows = exchange + upper * 64 + row * 4 + holder;                           \
            const __local uint *columns = exchange + 128 + upper * 32 + column * 4 + holder;               \
            const float first = ELEMENT(columns, part), second = ELEMENT(columns + 4, part);               \
            sum.x = fma(ELEMENT(rows, part), first, sum.x);                                                \
            sum.y = fma(ELEMENT(rows, part), second, sum.y);                                               \
            sum.z = fma(ELEMENT(rows + 32, part), first, sum.z);                                           \
            sum.w = fma(ELEMENT(rows + 32, part), second, sum.w);                                          \
        }                                                                                                  \
        return sum;                                                                                        \
    }
MULTIPLY_BY(multiply_half, 2, HALF_ELEMENT)
MULTIPLY_BY(multiply_bfloat, 2, BFLOAT_ELEMENT)
MULTIPLY_BY(multiply_tf32, 1, TF32_ELEMENT)
#else
#define MULTIPLY_BY(name, form)                                                                               \
    static float4 name(uint4 a, uint2 b, float4 sum, __local uint *exchange)                               \
    {                                                                                                      \
        float x = sum.x, y = sum.y, z = sum.z, w = sum.w;                                                  \
        asm("mma.sync.aligned." form " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"    \
            : "+f"(x), "+f"(y), "+f"(z), "+f"(w)                                                           \
            : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "r"(b.x), "r"(b.y));                                 \
        return (float4)(x, y, z, w);                                                                       \
    }
MULTIPLY_BY(multiply_half, "m16n8k16.row.col.f32.f16.f16.f32")
MULTIPLY_BY(multiply_bfloat, "m16n8k16.row.col.f32.bf16.bf16.f32")
MULTIPLY_BY(multiply_tf32, "m16n8k8.row.col.f32.tf32.tf32.f32")
#endif

// Copies 16 or 4 bytes from global to local memory, or `some` not being true nothing: zeros stand there then. They are there when the group of copies that commit_copies() closes
// is: wait_copies(n) waits until at most the last n groups, a literal, are under way. A barrier shows them to the other work-items.
// What addresses of global memory are to a PTX instruction is what OpenCL's pointers hold.
#if EMULATED
static void copy_16(__local uint4 *to, const __global void *from, bool some)
{
    *to = some ? *(const __global uint4 *)from : (uint4)(0);
}
static void copy_4(__local uint *to, const __global void *from, bool some)
{
    *to = some ? *(const __global uint *)from : 0;
}
#define commit_copies()
#define wait_copies(groups)
#else
static void copy_16(__local uint4 *to, const __global void *from, bool some)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
                 : : "r"(SHARED_ADDRESS(to)), "l"(from), "r"(some ? 16 : 0) : "memory");
}
static void copy_4(__local uint *to, const __global void *from, bool some)
{
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;"
                 : : "r"(SHARED_ADDRESS(to)), "l"(from), "r"(some ? 4 : 0) : "memory");
}
#define commit_copies() asm volatile("cp.async.commit_group;" : : : "memory")
#define wait_copies(groups) asm volatile("cp.async.wait_group %0;" : : "n"(groups) : "memory")
#endif

// Two floats as 16-bit halves, `low` in the lower bits, rounded to the nearest even; a float as TF32, rounded to the nearest, ties away from zero.
#if EMULATED
static uint pack_halves(float low, float high)
{
    uint bits;
    vstore_half2_rte((float2)(low, high), 0, (half *)&bits);
    return bits;
}
static uint round_tf32(float value)
{
    return isnan(value) ? 0x7fffffffu : (as_uint(value) + 0x1000u) & 0xffffe000u;
}
#else
static uint pack_halves(float low, float high)
{
    uint bits;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(high), "f"(low));
    return bits;
}
static uint round_tf32(float value)
{
    uint bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
    return bits;
}
#endif
