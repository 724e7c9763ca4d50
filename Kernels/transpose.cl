// transpose: y[i] = x[PLACE(x, i)], for any permutation: the strides of x in the order of y's axes. One element a work-item;
// work-groups of any size.
// transposeTiles: x [batch, rows, columns] -> y [batch, columns, rows]. A work-group of GROUP moves a square of TILE through
// local memory, so that reads and writes are both contiguous; GROUP is a multiple of TILE.
#ifndef TILE
#define TILE 32
#endif

__kernel void transpose(CONST_VALUES(x), VALUES(y), STRIDED(x), const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    STORE(AT(y), i, LOAD(AT(x), PLACE(x, i)));
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void transposeTiles(
    CONST_VALUES(x), VALUES(y), const ulong rows, const ulong columns)
{
    // One column more, so that the entries of a column lie in different banks.
    __local float tile[TILE][TILE + 1];
    const size_t tilesDown = (rows + TILE - 1) / TILE;
    const size_t tilesAcross = (columns + TILE - 1) / TILE;
    const size_t across = get_group_id(0) % tilesAcross;
    const size_t down = get_group_id(0) / tilesAcross % tilesDown;
    const size_t plane = get_group_id(0) / tilesAcross / tilesDown * rows * columns;
    const uint lane = get_local_id(0) % TILE;
    const uint line = get_local_id(0) / TILE;
    for (uint t = line; t < TILE; t += GROUP / TILE) {
        const size_t row = down * TILE + t;
        const size_t column = across * TILE + lane;
        if (row < rows && column < columns) tile[t][lane] = LOAD(AT(x), plane + row * columns + column);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint t = line; t < TILE; t += GROUP / TILE) {
        const size_t row = across * TILE + t;
        const size_t column = down * TILE + lane;
        if (row < columns && column < rows) STORE(AT(y), plane + row * rows + column, tile[lane][t]);
    }
}
