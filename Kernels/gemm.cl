// C = activation(alpha op(A) op(B) + beta C + bias + residual), row-major, for get_global_size(2) products: product i has its
// operands at (i % period) batch_stride + (i / period) period_stride elements.
//
// gemm_tiled       GPUs: SIDE x SIDE work-items compute 64 x 64 of C, through local memory. Any transpositions.
// gemm_vector_nn   CPUs: a work-item computes 8 x 32 of C, vectors along n. B not transposed.
// gemm_vector_nt   CPUs: a work-item computes 4 x 4 of C, vectors along k. B transposed, A not.
// gemm_reduce      sums partial products, where gemm_tiled split k: a work-item an element of C.
// gemm_epilogue    after another GEMM: a work-item an element of C.
//
// Defines: TRANSPOSE_A, TRANSPOSE_B, BIAS (0 none, 1 one a row, 2 one a column), RESIDUAL, ACTIVATION, SIDE (16 or 8), LONG_VECTORS
// (the kernels for CPUs), SPLIT (0, or the depth of k that each period of gemm_tiled's products sums).
// Sums run over k in ascending order (gemm_vector_nt: 16 interleaved partial sums), so results repeat bit for bit.

#ifndef TRANSPOSE_A
#define TRANSPOSE_A 0
#endif
#ifndef TRANSPOSE_B
#define TRANSPOSE_B 0
#endif
#ifndef SIDE
#define SIDE 16
#endif
#ifndef SPLIT
#define SPLIT 0
#endif
#define TILE 64
#define DEPTH 16
#define PER_ITEM (TILE / SIDE)

// An operand: the tensor, the elements between stored rows, between products and between periods.
#define OPERAND(name) const int name##_leading, const int name##_stride, const int name##_period_stride
#define OPERAND_PLACE(name, i) \
    (AT(name) + (ulong)((i) % period) * name##_stride + (ulong)((i) / period) * name##_period_stride)

#define PARAMETERS                                                                                            \
    const int m, const int n, const int k, const int period, const float alpha, const float beta,             \
        CONST_VALUES(a), OPERAND(a), CONST_VALUES(b), OPERAND(b), VALUES(c), OPERAND(c), EPILOGUE_PARAMETERS

// Applies the epilogue to `value`, of type T, at `row` of the period's rows and from `column` on; LOAD_T reads a T.
#if BIAS == 2
#define ADD_COLUMN_BIAS(LOAD_T) value += LOAD_T(AT(bias) + column);
#else
#define ADD_COLUMN_BIAS(LOAD_T)
#endif
#define EPILOGUE(T, LOAD_T)                                  \
    {                                                        \
        ADD_COLUMN_BIAS(LOAD_T)                              \
        FINISH(T, value, row, PLACE_OF_RESIDUAL, LOAD_T)     \
    }

// Stores one element; `c_place` is the product's C.
#define PLACE_OF_RESIDUAL (AT(residual) + (c_place - AT(c)) + (ulong)i * c_leading + column)
#define FINISH_ELEMENT(sum)                                                   \
    {                                                                         \
        __global ELEMENT(c) *place = c_place + (ulong)i * c_leading + column; \
        float value = alpha * (sum);                                          \
        if (beta != 0.0f) value += beta * LOAD1(place);                       \
        EPILOGUE(float, LOAD1)                                                \
        STORE1(place, value);                                                 \
    }

#ifdef LONG_VECTORS
#define ROWS 8

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void gemm_vector_nn(PARAMETERS) {
    const int batch = get_global_id(2);
    const int top = get_global_id(0) * ROWS, left = get_global_id(1) * 32;
    const __global ELEMENT(a) *a_place = OPERAND_PLACE(a, batch);
    // Loads may run past the end of a row, and past the last tensor of a buffer: buffers have a margin for it.
    const __global ELEMENT(b) *b_place = OPERAND_PLACE(b, batch) + left;
    __global ELEMENT(c) *c_place = OPERAND_PLACE(c, batch);

    float16 sums[ROWS][2];
#pragma unroll
    for (int i = 0; i < ROWS; i++) sums[i][0] = sums[i][1] = (float16)(0.0f);

    // Rows past the last compute the last one again, and are not stored.
    const __global ELEMENT(a) *a_row[ROWS];
#pragma unroll
    for (int i = 0; i < ROWS; i++) {
        const int row = min(top + i, m - 1);
        a_row[i] = a_place + (TRANSPOSE_A ? (ulong)row : (ulong)row * a_leading);
    }
    for (int x = 0; x < k; x++) {
        const float16 b0 = LOAD16(b_place), b1 = LOAD16(b_place + 16);
        b_place += b_leading;
#pragma unroll
        for (int i = 0; i < ROWS; i++) {
            const float16 value = (float16)(LOAD1(a_row[i]));
            a_row[i] += TRANSPOSE_A ? a_leading : 1;
            sums[i][0] = fma(value, b0, sums[i][0]);
            sums[i][1] = fma(value, b1, sums[i][1]);
        }
    }

    const int rows = min(ROWS, m - top);
    if (left + 32 <= n) {
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            if (r < rows) {
                const int i = top + r;
                const int row = (batch % period) * m + i;
#pragma unroll
                for (int half_ = 0; half_ < 2; half_++) {
                    const int column = left + 16 * half_;
                    __global ELEMENT(c) *place = c_place + (ulong)i * c_leading + column;
                    float16 value = alpha * sums[r][half_];
                    if (beta != 0.0f) value += beta * LOAD16(place);
                    EPILOGUE(float16, LOAD16)
                    STORE16(place, value);
                }
            }
        }
    } else {
        float tile[ROWS * 32];
#pragma unroll
        for (int r = 0; r < ROWS; r++) {
            vstore16(sums[r][0], 2 * r, tile);
            vstore16(sums[r][1], 2 * r + 1, tile);
        }
        for (int r = 0; r < rows; r++) {
            const int i = top + r;
            const int row = (batch % period) * m + i;
            for (int column = left; column < n; column++) FINISH_ELEMENT(tile[r * 32 + column - left])
        }
    }
}

float sum16(float16 v) {
    const float8 a = v.lo + v.hi;
    const float4 b = a.lo + a.hi;
    const float2 c = b.lo + b.hi;
    return c.x + c.y;
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void gemm_vector_nt(PARAMETERS) {
    const int batch = get_global_id(2);
    const int top = get_global_id(0) * 4, left = get_global_id(1) * 4;
    const __global ELEMENT(a) *a_place = OPERAND_PLACE(a, batch);
    const __global ELEMENT(b) *b_place = OPERAND_PLACE(b, batch);
    __global ELEMENT(c) *c_place = OPERAND_PLACE(c, batch);
    const __global ELEMENT(a) *a_row[4];
    const __global ELEMENT(b) *b_row[4];
    float16 sums[4][4];
    float tails[4][4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
        a_row[i] = a_place + (ulong)min(top + i, m - 1) * a_leading;
        b_row[i] = b_place + (ulong)min(left + i, n - 1) * b_leading;
#pragma unroll
        for (int j = 0; j < 4; j++) {
            sums[i][j] = (float16)(0.0f);
            tails[i][j] = 0.0f;
        }
    }
    int x = 0;
    for (; x + 16 <= k; x += 16) {
        float16 a_value[4], b_value[4];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            a_value[i] = LOAD16(a_row[i] + x);
            b_value[i] = LOAD16(b_row[i] + x);
        }
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
            for (int j = 0; j < 4; j++) sums[i][j] = fma(a_value[i], b_value[j], sums[i][j]);
    }
    for (; x < k; x++)
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
            for (int j = 0; j < 4; j++) tails[i][j] = fma(LOAD(a_row[i], x), LOAD(b_row[j], x), tails[i][j]);

#pragma unroll
    for (int r = 0; r < 4; r++)
#pragma unroll
        for (int q = 0; q < 4; q++) {
            const int i = top + r, column = left + q;
            if (i < m && column < n) {
                const int row = (batch % period) * m + i;
                FINISH_ELEMENT(sum16(sums[r][q]) + tails[r][q])
            }
        }
}

#else

__kernel __attribute__((reqd_work_group_size(SIDE, SIDE, 1))) void gemm_tiled(PARAMETERS) {
    // One column of padding: reads and writes then fall into different banks.
    __local float a_tile[DEPTH][TILE + 1], b_tile[DEPTH][TILE + 1];
    const int x = get_local_id(0), y = get_local_id(1);
    const int item = y * SIDE + x;
    const int batch = get_global_id(2);
    const int top = get_group_id(1) * TILE, left = get_group_id(0) * TILE;
    const __global ELEMENT(a) *a_place = OPERAND_PLACE(a, batch);
    const __global ELEMENT(b) *b_place = OPERAND_PLACE(b, batch);
    __global ELEMENT(c) *c_place = OPERAND_PLACE(c, batch);

    float sums[PER_ITEM][PER_ITEM];
#pragma unroll
    for (int r = 0; r < PER_ITEM; r++)
#pragma unroll
        for (int q = 0; q < PER_ITEM; q++) sums[r][q] = 0.0f;

#if SPLIT
    const int depth = min(SPLIT, k - batch / period * SPLIT);
#else
    const int depth = k;
#endif
    for (int start = 0; start < depth; start += DEPTH) {
        // Neighbouring work-items read neighbouring addresses.
        for (int e = item; e < TILE * DEPTH; e += SIDE * SIDE) {
            const int i = TRANSPOSE_A ? e % TILE : e / DEPTH, d = TRANSPOSE_A ? e / TILE : e % DEPTH;
            const bool inside = top + i < m && start + d < depth;
            const ulong place = TRANSPOSE_A ? (ulong)(start + d) * a_leading + top + i
                                            : (ulong)(top + i) * a_leading + start + d;
            a_tile[d][i] = inside ? LOAD(a_place, place) : 0.0f;
        }
        for (int e = item; e < TILE * DEPTH; e += SIDE * SIDE) {
            const int j = TRANSPOSE_B ? e / DEPTH : e % TILE, d = TRANSPOSE_B ? e % DEPTH : e / TILE;
            const bool inside = left + j < n && start + d < depth;
            const ulong place = TRANSPOSE_B ? (ulong)(left + j) * b_leading + start + d
                                            : (ulong)(start + d) * b_leading + left + j;
            b_tile[d][j] = inside ? LOAD(b_place, place) : 0.0f;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
        for (int d = 0; d < DEPTH; d++) {
            float a_value[PER_ITEM], b_value[PER_ITEM];
#pragma unroll
            for (int r = 0; r < PER_ITEM; r++) {
                a_value[r] = a_tile[d][y + SIDE * r];
                b_value[r] = b_tile[d][x + SIDE * r];
            }
#pragma unroll
            for (int r = 0; r < PER_ITEM; r++)
#pragma unroll
                for (int q = 0; q < PER_ITEM; q++) sums[r][q] = fma(a_value[r], b_value[q], sums[r][q]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }

#pragma unroll
    for (int r = 0; r < PER_ITEM; r++)
#pragma unroll
        for (int q = 0; q < PER_ITEM; q++) {
            const int i = top + y + SIDE * r, column = left + x + SIDE * q;
            if (i < m && column < n) {
                const int row = (batch % period) * m + i;
                FINISH_ELEMENT(sums[r][q])
            }
        }
}

__kernel void gemm_reduce(
    CONST_TENSOR(partial), const int splits, const int m, const int n, const int period, const float beta,
    VALUES(c), OPERAND(c), EPILOGUE_PARAMETERS, const int count)
{
    const int index = get_global_id(0);
    if (index >= count) return;
    const int column = index % n, i = index / n % m, batch = index / n / m;
    const int row = (batch % period) * m + i;
    __global ELEMENT(c) *c_place = OPERAND_PLACE(c, batch);
    float sum = 0.0f;
    for (int split = 0; split < splits; split++) sum += AT(partial)[(ulong)split * count + index];
    const float alpha = 1.0f;
    FINISH_ELEMENT(sum)
}

__kernel void gemm_epilogue(
    const int m, const int n, const int period, VALUES(c), OPERAND(c), EPILOGUE_PARAMETERS, const int count) {
    const int index = get_global_id(0);
    if (index >= count) return;
    const int column = index % n, i = index / n % m, batch = index / n / m;
    const int row = (batch % period) * m + i;
    __global ELEMENT(c) *c_place = OPERAND_PLACE(c, batch);
    __global ELEMENT(c) *place = c_place + (ulong)i * c_leading + column;
    float value = LOAD1(place);
    EPILOGUE(float, LOAD1)
    STORE1(place, value);
}

#endif
