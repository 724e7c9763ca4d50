// Convolution on tensor cores, as a matrix product that gathers its columns from x while it runs: what implicitGemm.cl computes, with operands that are
// rounded to TF32 or half on their way to local memory and sums of floats. y = activation(filters x columns + bias + residual).
// Tensors stay [N][C][H][W], as all other kernels have them: positions lie side by side, so that columns are loaded as rows of the depth, which
// ldmatrix transposes where an operand has 16 bits. Filters are packed as the tiles that a work-group copies.
//
// pack_fragments   filters [M][C][taps] -> [group][tile of rows][slice of DEPTH][row][chunk of 16 bytes], rounded, zeros up to whole tiles. The chunks of
//                  a row lie as they will in local memory. Global: words of a tile's slice, slices, groups x tiles of rows.
// tensor_gemm_*    a work-group of one dimension computes TILE_ROWS x TILE_COLUMNS, a warp WARP_ROWS x WARP_COLUMNS of them. STAGES slices of the depth
//                  are in local memory or on the way there. Global: tiles of columns x ITEMS, tiles of rows, groups x parts of the depth.
//
// Defines: those of tensorTile.cl; KERNEL_HEIGHT, KERNEL_WIDTH, POINTWISE, WHOLE_TAPS, BIAS, RESIDUAL, ACTIVATION as in implicitGemm.cl; VECTOR_X
// (POINTWISE only) and VECTOR_Y: x may be accessed COLUMN_WIDTH positions at a time, y and residual two; STAGES (2 or more).
// Sums run over the depth in ascending order, within a product as the device adds. Parts of the depth go to tensors of their own.
// Checked by emulation and by assembling the PTX; not run on a GPU.

#define TAPS (KERNEL_HEIGHT * KERNEL_WIDTH)

#if TF32
#define tensor_gemm tensor_gemm_tf32
#else
#define tensor_gemm tensor_gemm_half
#endif

// Where chunks of columns lie in a tile, [depth][TILE_COLUMNS]: as ROW_CHUNK.
#if TF32
#define COLUMN_CHUNK(k, chunk) ((k) * (TILE_COLUMNS / 4) + ((chunk) ^ ((k) & 3) << 1))
#else
#define COLUMN_CHUNK(k, chunk) ((k) * (TILE_COLUMNS / 8) + ((chunk) ^ ((k) & 7)))
#endif
#define FILTER_CHUNKS (4 * TILE_ROWS)
#define STAGE_CHUNKS (4 * (TILE_ROWS + TILE_COLUMNS))

// How many columns a work-item loads at a time: TF32 operands are copied without passing through registers, one word or a chunk; halves are made of two floats.
#if !TF32
#define COLUMN_WIDTH 2
#elif VECTOR_X
#define COLUMN_WIDTH 4
#else
#define COLUMN_WIDTH 1
#endif
#define SLICE_COLUMNS (TILE_COLUMNS / COLUMN_WIDTH)
#define COLUMN_STEP (ITEMS / SLICE_COLUMNS)
#define COLUMN_LOADS (DEPTH / COLUMN_STEP)

static float filter_value(
    const __global float *filters, int row, int k, int rows, int channels, ulong row_stride, ulong channel_stride,
    int rotated)
{
    const int tap = k / channels, channel = k % channels;
    if (row >= rows || tap >= TAPS) return 0.0f;
    return filters[row * row_stride + channel * channel_stride + (rotated ? TAPS - 1 - tap : tap)];
}

// Strides are those of the filters as stored; `rotated` turns every filter by 180 degrees.
__kernel void pack_fragments(
    CONST_TENSOR(filters), TENSOR(packed), const int rows, const int channels, const int tiles, const ulong group_stride,
    const ulong row_stride, const ulong channel_stride, const int rotated)
{
    const int word = get_global_id(0), slice = get_global_id(1), group = get_global_id(2) / tiles;
    const int tile_row = word / 16, row = get_global_id(2) % tiles * TILE_ROWS + tile_row;
    const int k = slice * DEPTH + (word / 4 % 4 * 4 + word % 4) * PER_WORD;
    const __global float *source = AT(filters) + group * group_stride;
    const float value = filter_value(source, row, k, rows, channels, row_stride, channel_stride, rotated);
#if TF32
    const uint bits = round_tf32(value);
#else
    const uint bits =
        pack_halves(value, filter_value(source, row, k + 1, rows, channels, row_stride, channel_stride, rotated));
#endif
    const ulong place = (get_global_id(2) * get_global_size(1) + slice) * (TILE_ROWS * 16);
    ((__global uint *)AT(packed))[place + ROW_CHUNK(tile_row, word / 4 % 4) * 4 + word % 4] = bits;
}

// Stores `value`, of type T, at `row` and at `position` of an image.
#define FINISH_AT(T, LOAD_T, STORE_T)                                                                    \
    {                                                                                                    \
        const ulong place = ((ulong)(image * groups + group) * rows + row) * positions + position;       \
        FINISH(T, value, group * rows + row, AT(residual) + place, LOAD_T)                               \
        STORE_T(target + place, value);                                                                  \
    }

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void tensor_gemm(
    CONST_VALUES(x), CONST_TENSOR(filters), VALUES(y), EPILOGUE_PARAMETERS, const int images, const int groups,
    const int channels, const int rows, const int height, const int width, const int stride_height,
    const int stride_width, const int dilation_height, const int dilation_width, const int padding_top,
    const int padding_left, const int out_height, const int out_width, const int padded_depth, const int part_depth,
    const ulong part_stride)
{
    __local uint4 tiles[STAGES * STAGE_CHUNKS];
    WARP_EXCHANGE(exchange, WARPS)
    const int item = get_local_id(0), lane = item % 32;
    const int warp_top = item / 32 / WARPS_ACROSS * WARP_ROWS, warp_left = item / 32 % WARPS_ACROSS * WARP_COLUMNS;
    const int group = get_group_id(2) % groups, part = get_group_id(2) / groups;
    const int top = get_group_id(1) * TILE_ROWS, left = get_group_id(0) * TILE_COLUMNS;
    const int positions = out_height * out_width, columns = images * positions, plane = height * width;
    const int first = part * part_depth, last = min(first + part_depth, channels * TAPS);
    const int slices = (last - first + DEPTH - 1) / DEPTH;

    const __global uint4 *filter_source =
        (const __global uint4 *)AT(filters)
        + ((ulong)(group * get_num_groups(1) + get_group_id(1)) * (padded_depth / DEPTH) + first / DEPTH) * FILTER_CHUNKS
        + item;

    // The columns that this work-item loads, from row `slice_row` of a slice on: halves of one or two images, or one run of positions.
    const int slice_column = item % SLICE_COLUMNS, slice_row = item / SLICE_COLUMNS;
#if !TF32 && !(POINTWISE && VECTOR_X)
#define RUNS 2
#else
#define RUNS 1
#endif
    bool is_column[RUNS];
    const __global ELEMENT(x) *image_source[RUNS];
    int own_top[RUNS], own_left[RUNS];
    UNROLL
    for (int e = 0; e < RUNS; e++) {
        const int own = left + slice_column * COLUMN_WIDTH + e;
        is_column[e] = own < columns;
        const int position = is_column[e] ? own % positions : 0;
        image_source[e] = AT(x) + ((ulong)(is_column[e] ? own / positions : 0) * groups + group) * channels * plane;
#if POINTWISE
        image_source[e] += position;
#else
        own_top[e] = position / out_width * stride_height - padding_top;
        own_left[e] = position % out_width * stride_width - padding_left;
#endif
    }

    float4 sums[WARP_ROWS / 16][WARP_COLUMNS / 8];
    UNROLL
    for (int t = 0; t < WARP_ROWS / 16; t++)
        UNROLL
        for (int u = 0; u < WARP_COLUMNS / 8; u++) sums[t][u] = (float4)(0.0f);

    // Slice `slice` is multiplied while the one STAGES - 1 further on is loaded to where the one before it was. The first rounds only load.
    for (int slice = 1 - STAGES; slice < slices; slice++) {
        const int ahead = slice + STAGES - 1;
        if (slice >= 0) {
            wait_copies(STAGES - 2);
            barrier(CLK_LOCAL_MEM_FENCE);
        }
        __local uint4 *const target_tile = tiles + ahead % STAGES * STAGE_CHUNKS;
        __local uint *const target_words = (__local uint *)(target_tile + FILTER_CHUNKS);
#if !TF32
        float2 next_columns[COLUMN_LOADS];
#endif
        if (ahead < slices) {
            UNROLL
            for (int chunk = 0; chunk < FILTER_CHUNKS; chunk += ITEMS)
                copy_16(target_tile + chunk + item, filter_source + (ulong)ahead * FILTER_CHUNKS + chunk, true);
            const int start = first + ahead * DEPTH;
#if WHOLE_TAPS && !POINTWISE
            bool is_inside[RUNS];
            const __global ELEMENT(x) *tap_source[RUNS];
            const int tap = start / channels;
            UNROLL
            for (int e = 0; e < RUNS; e++) {
                const int i = own_top[e] + tap / KERNEL_WIDTH * dilation_height;
                const int j = own_left[e] + tap % KERNEL_WIDTH * dilation_width;
                is_inside[e] = is_column[e] && i >= 0 && i < height && j >= 0 && j < width;
                tap_source[e] = image_source[e] + (start % channels) * plane + (is_inside[e] ? i * width + j : 0);
            }
#endif
            UNROLL
            for (int load = 0; load < COLUMN_LOADS; load++) {
                const int row = slice_row + load * COLUMN_STEP, k = start + row;
                bool inside[RUNS];
                const __global ELEMENT(x) *source[RUNS];
                UNROLL
                for (int e = 0; e < RUNS; e++) {
#if POINTWISE
                    inside[e] = is_column[e] && k < last;
                    source[e] = image_source[e] + (inside[e] ? k : 0) * plane;
#elif WHOLE_TAPS
                    inside[e] = is_inside[e];
                    source[e] = tap_source[e] + row * plane;
#else
                    const int tap = k / channels, channel = k % channels;
                    const int i = own_top[e] + tap / KERNEL_WIDTH * dilation_height;
                    const int j = own_left[e] + tap % KERNEL_WIDTH * dilation_width;
                    inside[e] = is_column[e] && k < last && i >= 0 && i < height && j >= 0 && j < width;
                    source[e] = image_source[e] + (inside[e] ? channel * plane + i * width + j : 0);
#endif
                }
#if TF32 && VECTOR_X
                copy_16((__local uint4 *)target_words + COLUMN_CHUNK(row, slice_column), source[0], inside[0]);
#elif TF32
                copy_4(target_words + COLUMN_CHUNK(row, slice_column / 4) * 4 + slice_column % 4, source[0], inside[0]);
#elif POINTWISE && VECTOR_X
                next_columns[load] = inside[0] ? LOAD2(source[0]) : (float2)(0.0f);
#else
                next_columns[load] = (float2)(inside[0] ? LOAD(source[0], 0) : 0.0f, inside[1] ? LOAD(source[1], 0) : 0.0f);
#endif
            }
        }
        commit_copies();

        if (slice >= 0) {
            const __local uint4 *filter_tile = tiles + slice % STAGES * STAGE_CHUNKS;
            const __local uint4 *column_tile = filter_tile + FILTER_CHUNKS;
            UNROLL
            for (int step = 0; step < 2; step++) {
                uint4 factors[WARP_ROWS / 16];
                uint2 values[WARP_COLUMNS / 8];
                UNROLL
                for (int t = 0; t < WARP_ROWS / 16; t++)
                    factors[t] = load_matrices(
                        filter_tile, ROW_CHUNK(warp_top + t * 16 + lane % 16, step * 2 + lane / 16), exchange);
#if TF32
                UNROLL
                for (int u = 0; u < WARP_COLUMNS / 8; u++) {
                    const __local float *words = (const __local float *)column_tile;
                    const int k = step * 8 + lane % 4, column = warp_left + u * 8 + lane / 4;
                    values[u].x = round_tf32(words[COLUMN_CHUNK(k, column / 4) * 4 + column % 4]);
                    values[u].y = round_tf32(words[COLUMN_CHUNK(k + 4, column / 4) * 4 + column % 4]);
                }
#else
                UNROLL
                for (int u = 0; u < WARP_COLUMNS / 16; u++) {
                    const int k = step * 16 + lane % 16, chunk = warp_left / 8 + u * 2 + lane / 16;
                    const uint4 loaded = load_transposed(column_tile, COLUMN_CHUNK(k, chunk), exchange);
                    values[2 * u] = loaded.xy;
                    values[2 * u + 1] = loaded.zw;
                }
#endif
                UNROLL
                for (int t = 0; t < WARP_ROWS / 16; t++) {
                    UNROLL
                    for (int u = 0; u < WARP_COLUMNS / 8; u++)
                        sums[t][u] = multiply_operands(factors[t], values[u], sums[t][u], exchange);
                }
            }
        }
#if !TF32
        if (ahead < slices) {
            UNROLL
            for (int load = 0; load < COLUMN_LOADS; load++)
                target_words[COLUMN_CHUNK(slice_row + load * COLUMN_STEP, slice_column / 4) * 4 + slice_column % 4] =
                    pack_halves(next_columns[load].x, next_columns[load].y);
        }
#endif
    }

    __global ELEMENT(y) *target = AT(y) + part * part_stride;
    UNROLL
    for (int u = 0; u < WARP_COLUMNS / 8; u++) {
        const int start = left + warp_left + u * 8 + lane % 4 * 2;
        UNROLL
        for (int t = 0; t < WARP_ROWS / 16; t++) {
            const int row_of_first = top + warp_top + t * 16 + lane / 4;
#if VECTOR_Y
            if (start < columns) {
                const int image = start / positions, position = start % positions;
                UNROLL
                for (int half_tile = 0; half_tile < 2; half_tile++) {
                    const int row = row_of_first + 8 * half_tile;
                    if (row < rows) {
                        float2 value = half_tile == 0 ? sums[t][u].xy : sums[t][u].zw;
                        FINISH_AT(float2, LOAD2, STORE2)
                    }
                }
            }
#else
            UNROLL
            for (int e = 0; e < 4; e++) {
                const int column = start + e % 2, row = row_of_first + e / 2 * 8;
                if (column < columns && row < rows) {
                    const int image = column / positions, position = column % positions;
                    float value = e == 0 ? sums[t][u].x : e == 1 ? sums[t][u].y : e == 2 ? sums[t][u].z : sums[t][u].w;
                    FINISH_AT(float, LOAD1, STORE1)
                }
            }
#endif
        }
    }
}
