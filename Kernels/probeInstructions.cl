// One form of instruction each, on one warp, so that the host can compare what it gives with what it should. FORM chooses which function is compiled: a
// driver that refuses one form still tells of the others. Global = local = 32.
#define FORM_HALF 0
#define FORM_BFLOAT 1
#define FORM_TF32 2
#define FORM_MATRICES 3
#define FORM_TRANSPOSED 4
#define FORM_COPY_16 5
#define FORM_COPY_4 6
#define FORM_ROUND 7

// y = A x B + C, each product's own row-major matrices: A [16][K], B [K][8], C and y [16][8]; elements of 16 bits, or 32 for TF32.
#if FORM == FORM_HALF || FORM == FORM_BFLOAT
__kernel void multiply(
    __global const ushort *a, __global const ushort *b, __global const float *c, __global float *y)
{
    WARP_EXCHANGE(exchange, 1)
    const uint row = LANE / 4, k = LANE % 4 * 2, column = LANE / 4, place = row * 8 + k;
#define PAIR(low, high) ((uint)(high) << 16 | (low))
#define A_PAIR(i, j) PAIR(a[(row + i) * 16 + k + j], a[(row + i) * 16 + k + j + 1])
#define B_PAIR(j) PAIR(b[(k + j) * 8 + column], b[(k + j + 1) * 8 + column])
    const uint4 left = (uint4)(A_PAIR(0, 0), A_PAIR(8, 0), A_PAIR(0, 8), A_PAIR(8, 8));
    const uint2 right = (uint2)(B_PAIR(0), B_PAIR(8));
    float4 sum = (float4)(c[place], c[place + 1], c[place + 64], c[place + 65]);
#if FORM == FORM_HALF
    sum = multiply_half(left, right, sum, exchange);
#else
    sum = multiply_bfloat(left, right, sum, exchange);
#endif
    y[place] = sum.x;
    y[place + 1] = sum.y;
    y[place + 64] = sum.z;
    y[place + 65] = sum.w;
}
#elif FORM == FORM_TF32
__kernel void multiply(
    __global const uint *a, __global const uint *b, __global const float *c, __global float *y)
{
    WARP_EXCHANGE(exchange, 1)
    const uint row = LANE / 4, k = LANE % 4, place = row * 8 + k * 2;
    const uint4 left = (uint4)(a[row * 8 + k], a[(row + 8) * 8 + k], a[row * 8 + k + 4], a[(row + 8) * 8 + k + 4]);
    const uint2 right = (uint2)(b[k * 8 + row], b[(k + 4) * 8 + row]);
    float4 sum = (float4)(c[place], c[place + 1], c[place + 64], c[place + 65]);
    sum = multiply_tf32(left, right, sum, exchange);
    y[place] = sum.x;
    y[place + 1] = sum.y;
    y[place + 64] = sum.z;
    y[place + 65] = sum.w;
}
// x: 32 rows of 8 elements of 16 bits; y: a lane's four registers. Rows are loaded in the order of `rows`.
#elif FORM == FORM_MATRICES || FORM == FORM_TRANSPOSED
__kernel void load(__global const uint4 *x, __global const uint *rows, __global uint4 *y)
{
    WARP_EXCHANGE(exchange, 1)
    __local uint4 tile[32];
    tile[LANE] = x[LANE];
    barrier(CLK_LOCAL_MEM_FENCE);
#if FORM == FORM_MATRICES
    y[LANE] = load_matrices(tile, rows[LANE], exchange);
#else
    y[LANE] = load_transposed(tile, rows[LANE], exchange);
#endif
}
// Two groups of copies: the second is on its way while the first is read. y: 64 words or chunks of x, zeros where none is `taken`, those of each
// half in opposite order.
#elif FORM == FORM_COPY_16 || FORM == FORM_COPY_4
#if FORM == FORM_COPY_16
typedef uint4 copied_t;
#define COPY copy_16
#else
typedef uint copied_t;
#define COPY copy_4
#endif
__kernel void copy(__global const copied_t *x, __global const uint *taken, __global copied_t *y)
{
    __local copied_t tile[64];
    tile[LANE] = tile[32 + LANE] = (copied_t)(0xffffffffu);
    barrier(CLK_LOCAL_MEM_FENCE);
    COPY(tile + LANE, x + LANE, taken[LANE] != 0);
    commit_copies();
    COPY(tile + 32 + LANE, x + 32 + LANE, taken[32 + LANE] != 0);
    commit_copies();
    wait_copies(1);
    barrier(CLK_LOCAL_MEM_FENCE);
    y[LANE] = tile[31 - LANE];
    wait_copies(0);
    barrier(CLK_LOCAL_MEM_FENCE);
    y[32 + LANE] = tile[63 - LANE];
}
// y: pairs of x as halves, then each of x as TF32.
#elif FORM == FORM_ROUND
__kernel void convert_values(__global const float *x, __global uint *y)
{
    y[LANE] = pack_halves(x[2 * LANE], x[2 * LANE + 1]);
    y[32 + 2 * LANE] = round_tf32(x[2 * LANE]);
    y[33 + 2 * LANE] = round_tf32(x[2 * LANE + 1]);
}
#endif
