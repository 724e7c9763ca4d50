// A tile of a matrix product that a work-group computes from slices in local memory, a work-item ITEM_ROWS x ITEM_COLUMNS of it in registers, in
// blocks of four. Put before the files that say so in ProgramSource.swift, which load the slices. Work-items stand SIDE_COLUMNS x SIDE_ROWS.

#ifndef TILE_ROWS
#define TILE_ROWS 64
#endif
#ifndef TILE_COLUMNS
#define TILE_COLUMNS 64
#endif
#ifndef ITEM_ROWS
#define ITEM_ROWS 4
#endif
#ifndef ITEM_COLUMNS
#define ITEM_COLUMNS 4
#endif
#ifndef DEPTH
#define DEPTH 16
#endif
#define SIDE_ROWS (TILE_ROWS / ITEM_ROWS)
#define SIDE_COLUMNS (TILE_COLUMNS / ITEM_COLUMNS)
#define ITEMS (SIDE_ROWS * SIDE_COLUMNS)

// Where row r of a work-item's stands in the tile, and the first of its columns q.
#define ROW_OF(r) (((r) / 4 * SIDE_ROWS + down) * 4 + (r) % 4)
#define COLUMN_OF(q) (((q) * SIDE_COLUMNS + across) * 4)

// Adds the product of a slice. Row d of the slice begins at d * row_pitch in `rows` and at d * column_pitch in `columns`.
static void multiply_slice(
    const __local float4 *rows, const int row_pitch, const __local float4 *columns, const int column_pitch, const int down,
    const int across, float4 sums[ITEM_ROWS][ITEM_COLUMNS / 4])
{
#pragma unroll
    for (int d = 0; d < DEPTH; d++) {
        float4 values[ITEM_COLUMNS / 4];
#pragma unroll
        for (int q = 0; q < ITEM_COLUMNS / 4; q++) values[q] = columns[d * column_pitch + q * SIDE_COLUMNS + across];
#pragma unroll
        for (int r = 0; r < ITEM_ROWS / 4; r++) {
            const float4 factors = rows[d * row_pitch + r * SIDE_ROWS + down];
#pragma unroll
            for (int q = 0; q < ITEM_COLUMNS / 4; q++) {
                sums[4 * r][q] = fma((float4)(factors.x), values[q], sums[4 * r][q]);
                sums[4 * r + 1][q] = fma((float4)(factors.y), values[q], sums[4 * r + 1][q]);
                sums[4 * r + 2][q] = fma((float4)(factors.z), values[q], sums[4 * r + 2][q]);
                sums[4 * r + 3][q] = fma((float4)(factors.w), values[q], sums[4 * r + 3][q]);
            }
        }
    }
}

static float component(const float4 v, const int s) { return s == 0 ? v.x : s == 1 ? v.y : s == 2 ? v.z : v.w; }
