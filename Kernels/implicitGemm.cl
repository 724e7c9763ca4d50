// Convolution as a matrix product that gathers its columns from x while it runs: y = activation(filters x columns + bias + residual).
// Tensors are [N][C][H][W]. A group's product has a row for each of its `rows` output channels, a column for each output position of
// every image, and a sum over depth = taps x channels. Without a window (POINTWISE) it is a batched product of plain matrices.
//
// pack_filters    filters [M][C][taps] -> [group][depth][row], channels fastest within a tap, zeros up to whole tiles, so that
//                 implicit_gemm loads vectors without looking for an end. A work-item an element written.
// implicit_gemm   a work-group computes TILE_ROWS x TILE_COLUMNS of a group's product as registerTile.cl says. While a slice of DEPTH is
//                 multiplied, the next one is on its way.
//                 Global: columns / ITEM_COLUMNS, rows / ITEM_ROWS (whole tiles), groups x parts of the depth.
//
// Defines: KERNEL_HEIGHT, KERNEL_WIDTH; POINTWISE (1x1, stride 1, no padding); WHOLE_TAPS (`channels` is a multiple of DEPTH, so that
// a slice belongs to one tap); VECTOR_X (POINTWISE only) and VECTOR_Y (x, or y and residual, may be accessed four positions at a
// time); BIAS (0, 1), RESIDUAL, ACTIVATION; the tunables of registerTile.cl.
// Sums run over the depth in ascending order. Parts of the depth go to tensors of their own, which gemm_reduce adds in a fixed order.

#define TAPS (KERNEL_HEIGHT * KERNEL_WIDTH)

// What each work-item loads of a slice: vectors of filters and, of the columns, vectors or single elements.
#define FILTER_LOADS (DEPTH * TILE_ROWS / 4 / ITEMS)
#if VECTOR_X
typedef float4 column_t;
#define COLUMN_WIDTH 4
#else
typedef float column_t;
#define COLUMN_WIDTH 1
#endif
#define COLUMN_LOADS (DEPTH * TILE_COLUMNS / COLUMN_WIDTH / ITEMS)
#define COLUMN_STEP (ITEMS / (TILE_COLUMNS / COLUMN_WIDTH))

// Global: padded rows, padded depth, groups. Strides are those of the filters as stored; `rotated` turns every filter by 180 degrees.
__kernel void pack_filters(
    CONST_TENSOR(filters), TENSOR(packed), const int rows, const int channels, const ulong group_stride,
    const ulong row_stride, const ulong channel_stride, const int rotated)
{
    const int row = get_global_id(0), k = get_global_id(1), group = get_global_id(2);
    const int tap = k / channels, channel = k % channels;
    float value = 0.0f;
    if (row < rows && tap < TAPS)
        value = AT(filters)[group * group_stride + row * row_stride + channel * channel_stride
                            + (rotated ? TAPS - 1 - tap : tap)];
    AT(packed)[((ulong)group * get_global_size(1) + k) * get_global_size(0) + row] = value;
}

// Stores `value`, of type T, at `row` and at `position` of an image.
#define FINISH_AT(T, LOAD_T, STORE_T)                                                                    \
    {                                                                                                    \
        const ulong place = ((ulong)(image * groups + group) * rows + row) * positions + position;       \
        FINISH(T, value, group * rows + row, AT(residual) + place, LOAD_T)                               \
        STORE_T(target + place, value);                                                                  \
    }

__kernel __attribute__((reqd_work_group_size(SIDE_COLUMNS, SIDE_ROWS, 1))) void implicit_gemm(
    CONST_VALUES(x), CONST_TENSOR(filters), VALUES(y), EPILOGUE_PARAMETERS, const int images, const int groups,
    const int channels, const int rows, const int height, const int width, const int stride_height,
    const int stride_width, const int dilation_height, const int dilation_width, const int padding_top,
    const int padding_left, const int out_height, const int out_width, const int padded_depth, const int part_depth,
    const ulong part_stride)
{
    __local float4 filter_tile[DEPTH][TILE_ROWS / 4], column_tile[DEPTH][TILE_COLUMNS / 4];
    __local column_t *column_elements = (__local column_t *)column_tile;
    const int across = get_local_id(0), down = get_local_id(1), item = down * SIDE_COLUMNS + across;
    const int group = get_group_id(2) % groups, part = get_group_id(2) / groups;
    const int top = get_group_id(1) * TILE_ROWS, left = get_group_id(0) * TILE_COLUMNS;
    const int positions = out_height * out_width, columns = images * positions, plane = height * width;
    const int first = part * part_depth, last = min(first + part_depth, channels * TAPS);

    // The filters of this tile: rows stand `padded_rows` apart.
    const int padded_rows = get_num_groups(1) * TILE_ROWS;
    const __global float *filter_source = AT(filters) + (ulong)group * padded_depth * padded_rows + top
                                          + (item / (TILE_ROWS / 4)) * (ulong)padded_rows + item % (TILE_ROWS / 4) * 4;
    const ulong filter_step = (ulong)(ITEMS / (TILE_ROWS / 4)) * padded_rows;

    // The column, or the four columns, that this work-item loads, from row `slice_row` of a slice on.
    const int slice_column = item % (TILE_COLUMNS / COLUMN_WIDTH), slice_row = item / (TILE_COLUMNS / COLUMN_WIDTH);
    const int own = left + slice_column * COLUMN_WIDTH;
    const bool is_column = own < columns;
    const int own_position = is_column ? own % positions : 0;
    const __global ELEMENT(x) *image_source =
        AT(x) + ((ulong)(is_column ? own / positions : 0) * groups + group) * channels * plane;
#if !POINTWISE
    const int own_top = own_position / out_width * stride_height - padding_top;
    const int own_left = own_position % out_width * stride_width - padding_left;
#endif

    float4 sums[ITEM_ROWS][ITEM_COLUMNS / 4];
#pragma unroll
    for (int r = 0; r < ITEM_ROWS; r++)
#pragma unroll
        for (int q = 0; q < ITEM_COLUMNS / 4; q++) sums[r][q] = (float4)(0.0f);

    float4 next_filters[FILTER_LOADS];
    column_t next_columns[COLUMN_LOADS];
    // One more round than slices: it loads slice `start` and multiplies the one before.
    for (int start = first; start < last + DEPTH; start += DEPTH) {
        if (start < last) {
#pragma unroll
            for (int load = 0; load < FILTER_LOADS; load++)
                next_filters[load] = LOAD4(filter_source + (ulong)start * padded_rows + load * filter_step);
#if WHOLE_TAPS && !POINTWISE
            const int tap = start / channels;
            const int i = own_top + tap / KERNEL_WIDTH * dilation_height;
            const int j = own_left + tap % KERNEL_WIDTH * dilation_width;
            const bool inside = is_column && i >= 0 && i < height && j >= 0 && j < width;
            const __global ELEMENT(x) *tap_source = image_source + (start % channels) * plane + (inside ? i * width + j : 0);
#endif
#pragma unroll
            for (int load = 0; load < COLUMN_LOADS; load++) {
                const int row = slice_row + load * COLUMN_STEP, k = start + row;
#if POINTWISE && VECTOR_X
                next_columns[load] = is_column && k < last ? LOAD4(image_source + k * plane + own_position) : (float4)(0.0f);
#elif POINTWISE
                next_columns[load] = is_column && k < last ? LOAD(image_source, k * plane + own_position) : 0.0f;
#elif WHOLE_TAPS
                next_columns[load] = inside ? LOAD(tap_source, row * plane) : 0.0f;
#else
                const int tap = k / channels, channel = k % channels;
                const int i = own_top + tap / KERNEL_WIDTH * dilation_height;
                const int j = own_left + tap % KERNEL_WIDTH * dilation_width;
                const bool inside = is_column && k < last && i >= 0 && i < height && j >= 0 && j < width;
                next_columns[load] = inside ? LOAD(image_source, channel * plane + i * width + j) : 0.0f;
#endif
            }
        }
        if (start > first)
            multiply_slice(
                &filter_tile[0][0], TILE_ROWS / 4, &column_tile[0][0], TILE_COLUMNS / 4, down, across, sums);
        barrier(CLK_LOCAL_MEM_FENCE);
        if (start < last) {
#pragma unroll
            for (int load = 0; load < FILTER_LOADS; load++)
                filter_tile[item / (TILE_ROWS / 4) + load * (ITEMS / (TILE_ROWS / 4))][item % (TILE_ROWS / 4)] =
                    next_filters[load];
#pragma unroll
            for (int load = 0; load < COLUMN_LOADS; load++)
                column_elements[(slice_row + load * COLUMN_STEP) * (TILE_COLUMNS / COLUMN_WIDTH) + slice_column] =
                    next_columns[load];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    __global ELEMENT(y) *target = AT(y) + part * part_stride;
#pragma unroll
    for (int q = 0; q < ITEM_COLUMNS / 4; q++) {
        const int start = left + COLUMN_OF(q);
#if VECTOR_Y
        if (start < columns) {
            const int image = start / positions, position = start % positions;
#pragma unroll
            for (int r = 0; r < ITEM_ROWS; r++) {
                const int row = top + ROW_OF(r);
                if (row < rows) {
                    float4 value = sums[r][q];
                    FINISH_AT(float4, LOAD4, STORE4)
                }
            }
        }
#else
#pragma unroll
        for (int s = 0; s < 4; s++) {
            const int column = start + s;
            if (column < columns) {
                const int image = column / positions, position = column % positions;
#pragma unroll
                for (int r = 0; r < ITEM_ROWS; r++) {
                    const int row = top + ROW_OF(r);
                    if (row < rows) {
                        float value = component(sums[r][q], s);
                        FINISH_AT(float, LOAD1, STORE1)
                    }
                }
            }
        }
#endif
    }
}
