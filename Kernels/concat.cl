// Copies rows of `width` vectors that stand xPitch and yPitch vectors apart: one input of concat into its place, or a slice out of its.
// VECTOR elements a work-item; work-groups of any size.

__kernel void copyRows(
    CONST_VALUES(x), VALUES(y), const ulong width, const ulong xPitch, const ulong yPitch, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const index_t row = (index_t)i / (index_t)width;
    const index_t column = (index_t)i % (index_t)width;
    STORE_VECTOR(y, row * (index_t)yPitch + column, LOAD_VECTOR(x, row * (index_t)xPitch + column));
}
