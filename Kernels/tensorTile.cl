// A tile of a matrix product that a work-group's warps compute on tensor cores from slices in local memory. Put before the files that say so in
// ProgramSource.swift, which load the slices. Work-items stand in one dimension.
//
// Defines: TF32 (1, or 0 for half), EMULATED, and the tile: TILE_ROWS, TILE_COLUMNS, of which a warp computes WARP_ROWS x WARP_COLUMNS.

#ifndef TF32
#define TF32 0
#endif
#define WARPS_ACROSS (TILE_COLUMNS / WARP_COLUMNS)
#define WARPS (TILE_ROWS / WARP_ROWS * WARPS_ACROSS)
#define ITEMS (32 * WARPS)

// A slice is 64 bytes deep, four chunks of 16; a product takes two of them.
#if TF32
#define PER_WORD 1
#define multiply_operands multiply_tf32
#else
#define PER_WORD 2
#define multiply_operands multiply_half
#endif
#define PER_CHUNK (4 * PER_WORD)
#define DEPTH (4 * PER_CHUNK)

// Where the chunks of a row of a slice lie, [row][DEPTH]: eight that are loaded together touch all banks.
#define ROW_CHUNK(row, chunk) ((row) * 4 + ((chunk) ^ ((row) >> 1 & 3)))

// Emulation is not unrolled: compilers for CPUs take long for hundreds of barriers.
#if EMULATED
#define UNROLL
#else
#define UNROLL _Pragma("unroll")
#endif
