// The weight gradient of a convolution as a matrix product that gathers both operands while it runs, as weightGradientWalk.cl says.
//
// implicit_weight_gradient   a work-group computes TILE_ROWS x TILE_COLUMNS of a group's product as registerTile.cl says. While a slice of DEPTH is
//                            multiplied, the next one is on its way.
//                            Global: columns / ITEM_COLUMNS, rows / ITEM_ROWS (whole tiles), groups x parts of the depth.
//
// Defines: those of weightGradientWalk.cl; VECTOR_Y (dweight may be written four columns at a time); the tunables of registerTile.cl, where a tile's
// rows and columns are multiples of ITEMS / LANES.
// Sums run over the depth in ascending order. Parts of the depth go to tensors of their own, which gemm_reduce adds in a fixed order.

// Eight work-items load neighbouring positions, so that a warp of 32 reads four runs and, the depth being across the tile, writes to all banks: rows of
// a slice begin four banks further than a multiple of 32.
#define LANES 8
#define LINES (ITEMS / LANES)
#define STEPS (DEPTH / LANES)
#define ROW_LOADS (TILE_ROWS / LINES)
#define COLUMN_LOADS (TILE_COLUMNS / LINES)
#define ROW_PITCH (TILE_ROWS / 4 + 1)
#define COLUMN_PITCH (TILE_COLUMNS / 4 + 1)

__kernel __attribute__((reqd_work_group_size(SIDE_COLUMNS, SIDE_ROWS, 1))) void implicit_weight_gradient(
    WEIGHT_GRADIENT_PARAMETERS)
{
    __local float4 row_tile[DEPTH * ROW_PITCH], column_tile[DEPTH * COLUMN_PITCH];
    const int across = get_local_id(0), down = get_local_id(1), item = down * SIDE_COLUMNS + across;
    const int group = get_group_id(2) % groups, part = get_group_id(2) / groups;
    const int top = get_group_id(1) * TILE_ROWS, left = get_group_id(0) * TILE_COLUMNS;
    const int positions = out_height * out_width, plane = height * width, columns = channels * TAPS;
    const int first = part * part_depth, last = min(first + part_depth, images * positions);

    // What this work-item loads: the same rows and columns of every slice. Those past the last are the last one again, and not stored.
    const int lane = item % LANES, line = item / LANES;
    int row_places[ROW_LOADS];
    weight_t weights[COLUMN_LOADS];
#pragma unroll
    for (int load = 0; load < ROW_LOADS; load++) row_places[load] = min(top + line + load * LINES, rows - 1) * positions;
#pragma unroll
    for (int load = 0; load < COLUMN_LOADS; load++)
        weights[load] =
            weight_at(min(left + line + load * LINES, columns - 1), plane, width, dilation_height, dilation_width);
    position_t next = position_at(first + lane, out_height, out_width);
    const position_t lanes = position_at(LANES, out_height, out_width);

    float4 sums[ITEM_ROWS][ITEM_COLUMNS / 4];
#pragma unroll
    for (int r = 0; r < ITEM_ROWS; r++)
#pragma unroll
        for (int q = 0; q < ITEM_COLUMNS / 4; q++) sums[r][q] = (float4)(0.0f);

    float next_rows[STEPS][ROW_LOADS], next_columns[STEPS][COLUMN_LOADS];
    // One more round than slices: it loads slice `start` and multiplies the one before.
    for (int start = first; start < last + DEPTH; start += DEPTH) {
        if (start < last) {
#pragma unroll
            for (int step = 0; step < STEPS; step++) {
                const bool is_position = next.number < last;
                const ulong matrix = (ulong)next.image * groups + group;
                const __global ELEMENT(dy) *dy_source = AT(dy) + matrix * rows * positions + next.i * out_width + next.j;
#pragma unroll
                for (int load = 0; load < ROW_LOADS; load++)
                    next_rows[step][load] = is_position ? LOAD(dy_source, row_places[load]) : 0.0f;

                const __global ELEMENT(x) *x_source = AT(x) + matrix * channels * plane;
                const int window_top = next.i * stride_height - padding_top, window_left = next.j * stride_width - padding_left;
                const int corner = window_top * width + window_left;
#pragma unroll
                for (int load = 0; load < COLUMN_LOADS; load++) {
                    const bool inside = is_position && is_pixel(weights[load], window_top, window_left, height, width);
                    next_columns[step][load] = inside ? LOAD(x_source, corner + weights[load].place) : 0.0f;
                }
                next = moved(next, lanes, out_height, out_width);
            }
        }
        if (start > first) multiply_slice(row_tile, ROW_PITCH, column_tile, COLUMN_PITCH, down, across, sums);
        barrier(CLK_LOCAL_MEM_FENCE);
        if (start < last) {
#pragma unroll
            for (int step = 0; step < STEPS; step++) {
                const int d = step * LANES + lane;
#pragma unroll
                for (int load = 0; load < ROW_LOADS; load++)
                    ((__local float *)row_tile)[d * ROW_PITCH * 4 + line + load * LINES] = next_rows[step][load];
#pragma unroll
                for (int load = 0; load < COLUMN_LOADS; load++)
                    ((__local float *)column_tile)[d * COLUMN_PITCH * 4 + line + load * LINES] = next_columns[step][load];
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    __global float *target = AT(dweight) + (ulong)(part * groups + group) * rows * columns;
#pragma unroll
    for (int q = 0; q < ITEM_COLUMNS / 4; q++) {
        const int column = left + COLUMN_OF(q);
#pragma unroll
        for (int r = 0; r < ITEM_ROWS; r++) {
            const int row = top + ROW_OF(r);
            if (row >= rows) continue;
#if VECTOR_Y
            if (column < columns) STORE4(target + row * columns + column, sums[r][q]);
#else
#pragma unroll
            for (int s = 0; s < 4; s++)
                if (column + s < columns) target[row * columns + column + s] = component(sums[r][q], s);
#endif
        }
    }
}
