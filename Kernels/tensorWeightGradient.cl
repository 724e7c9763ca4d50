// The weight gradient of a convolution on tensor cores: what implicitWeightGradient.cl computes, with operands that are rounded to TF32 or half on their
// way to local memory and sums of floats. Positions, the depth, lie side by side in both operands, so that both are rows of slices as they come.
//
// tensor_weight_gradient_*   a work-group of one dimension computes TILE_ROWS x TILE_COLUMNS of a group's product as tensorTile.cl says. While a slice
//                            of DEPTH is multiplied, the next one is on its way to where the one before it was.
//                            Global: tiles of columns x ITEMS, tiles of rows, groups x parts of the depth.
//
// Defines: those of weightGradientWalk.cl and tensorTile.cl; VECTOR_Y (dweight may be written two columns at a time).
// Sums run over the depth in ascending order, within a product as the device adds. Parts of the depth go to tensors of their own.
// Checked by emulation and by assembling the PTX; not run on a GPU.

#if TF32
#define tensor_weight_gradient tensor_weight_gradient_tf32
#else
#define tensor_weight_gradient tensor_weight_gradient_half
#endif

// Sixteen work-items load the words of a row of a slice.
#define WORDS 16
#define LINES (ITEMS / WORDS)
#define ROW_LOADS (TILE_ROWS / LINES)
#define COLUMN_LOADS (TILE_COLUMNS / LINES)
#define STAGE_CHUNKS (4 * (TILE_ROWS + TILE_COLUMNS))

static uint rounded_word(const float values[PER_WORD])
{
#if TF32
    return round_tf32(values[0]);
#else
    return pack_halves(values[0], values[1]);
#endif
}

__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void tensor_weight_gradient(WEIGHT_GRADIENT_PARAMETERS)
{
    __local uint4 tiles[2 * STAGE_CHUNKS];
    WARP_EXCHANGE(exchange, WARPS)
    const int item = get_local_id(0), lane = item % 32;
    const int warp_top = item / 32 / WARPS_ACROSS * WARP_ROWS, warp_left = item / 32 % WARPS_ACROSS * WARP_COLUMNS;
    const int group = get_group_id(2) % groups, part = get_group_id(2) / groups;
    const int top = get_group_id(1) * TILE_ROWS, left = get_group_id(0) * TILE_COLUMNS;
    const int positions = out_height * out_width, plane = height * width, columns = channels * TAPS;
    const int first = part * part_depth, last = min(first + part_depth, images * positions);
    const int slices = (last - first + DEPTH - 1) / DEPTH;

    // What this work-item loads: the same rows and columns of every slice. Those past the last are the last one again, and not stored.
    const int word = item % WORDS, line = item / WORDS;
    int row_places[ROW_LOADS];
    weight_t weights[COLUMN_LOADS];
    UNROLL
    for (int load = 0; load < ROW_LOADS; load++) row_places[load] = min(top + line + load * LINES, rows - 1) * positions;
    UNROLL
    for (int load = 0; load < COLUMN_LOADS; load++)
        weights[load] =
            weight_at(min(left + line + load * LINES, columns - 1), plane, width, dilation_height, dilation_width);
    position_t next = position_at(first + word * PER_WORD, out_height, out_width);
    const position_t one = position_at(1, out_height, out_width), depth = position_at(DEPTH, out_height, out_width);

    float4 sums[WARP_ROWS / 16][WARP_COLUMNS / 8];
    UNROLL
    for (int t = 0; t < WARP_ROWS / 16; t++)
        UNROLL
        for (int u = 0; u < WARP_COLUMNS / 8; u++) sums[t][u] = (float4)(0.0f);

    // The first round only loads.
    for (int slice = -1; slice < slices; slice++) {
        const int ahead = slice + 1;
        float next_rows[ROW_LOADS][PER_WORD], next_columns[COLUMN_LOADS][PER_WORD];
        if (ahead < slices) {
            position_t own = next;
            UNROLL
            for (int e = 0; e < PER_WORD; e++) {
                const bool is_position = own.number < last;
                const ulong matrix = (ulong)own.image * groups + group;
                const __global ELEMENT(dy) *dy_source = AT(dy) + matrix * rows * positions + own.i * out_width + own.j;
                UNROLL
                for (int load = 0; load < ROW_LOADS; load++)
                    next_rows[load][e] = is_position ? LOAD(dy_source, row_places[load]) : 0.0f;

                const __global ELEMENT(x) *x_source = AT(x) + matrix * channels * plane;
                const int window_top = own.i * stride_height - padding_top, window_left = own.j * stride_width - padding_left;
                const int corner = window_top * width + window_left;
                UNROLL
                for (int load = 0; load < COLUMN_LOADS; load++) {
                    const bool inside = is_position && is_pixel(weights[load], window_top, window_left, height, width);
                    next_columns[load][e] = inside ? LOAD(x_source, corner + weights[load].place) : 0.0f;
                }
                own = moved(own, one, out_height, out_width);
            }
            next = moved(next, depth, out_height, out_width);
        }

        if (slice >= 0) {
            const __local uint4 *row_tile = tiles + slice % 2 * STAGE_CHUNKS, *column_tile = row_tile + 4 * TILE_ROWS;
            UNROLL
            for (int step = 0; step < 2; step++) {
                uint4 factors[WARP_ROWS / 16];
                uint2 values[WARP_COLUMNS / 8];
                UNROLL
                for (int t = 0; t < WARP_ROWS / 16; t++)
                    factors[t] = load_matrices(
                        row_tile, ROW_CHUNK(warp_top + t * 16 + lane % 16, step * 2 + lane / 16), exchange);
                // Both halves of the depth of eight columns, and of the next eight.
                UNROLL
                for (int u = 0; u < WARP_COLUMNS / 16; u++) {
                    const int column = warp_left + u * 16 + lane / 16 * 8 + lane % 8;
                    const uint4 loaded =
                        load_matrices(column_tile, ROW_CHUNK(column, step * 2 + lane / 8 % 2), exchange);
                    values[2 * u] = loaded.xy;
                    values[2 * u + 1] = loaded.zw;
                }
                UNROLL
                for (int t = 0; t < WARP_ROWS / 16; t++) {
                    UNROLL
                    for (int u = 0; u < WARP_COLUMNS / 8; u++)
                        sums[t][u] = multiply_operands(factors[t], values[u], sums[t][u], exchange);
                }
            }
        }

        if (ahead < slices) {
            __local uint *const row_words = (__local uint *)(tiles + ahead % 2 * STAGE_CHUNKS);
            __local uint *const column_words = row_words + WORDS * TILE_ROWS;
            UNROLL
            for (int load = 0; load < ROW_LOADS; load++)
                row_words[ROW_CHUNK(line + load * LINES, word / 4) * 4 + word % 4] = rounded_word(next_rows[load]);
            UNROLL
            for (int load = 0; load < COLUMN_LOADS; load++)
                column_words[ROW_CHUNK(line + load * LINES, word / 4) * 4 + word % 4] = rounded_word(next_columns[load]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    __global float *target = AT(dweight) + (ulong)(part * groups + group) * rows * columns;
    UNROLL
    for (int t = 0; t < WARP_ROWS / 16; t++) {
        UNROLL
        for (int u = 0; u < WARP_COLUMNS / 8; u++) {
            const int column = left + warp_left + u * 8 + lane % 4 * 2;
            UNROLL
            for (int half_tile = 0; half_tile < 2; half_tile++) {
                const int row = top + warp_top + t * 16 + lane / 4 + 8 * half_tile;
                if (row >= rows) continue;
                const float2 value = half_tile == 0 ? sums[t][u].xy : sums[t][u].zw;
                __global float *place = target + row * columns + column;
#if VECTOR_Y
                if (column < columns) STORE2(place, value);
#else
                if (column < columns) place[0] = value.x;
                if (column + 1 < columns) place[1] = value.y;
#endif
            }
        }
    }
}
