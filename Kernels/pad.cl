// x [outer, size, inner] -> y [outer, padded, inner] with entries before and after those of the axis. One element of y a work-item;
// work-groups of any size. MODE: what they are.
#define MODE_CONSTANT 0
#define MODE_REFLECT 1
#define MODE_EDGE 2
#ifndef MODE
#define MODE MODE_CONSTANT
#endif

__kernel void pad(
    CONST_VALUES(x), VALUES(y), const ulong size, const ulong padded, const ulong inner, const ulong before,
    const float value, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const index_t line = (index_t)i / (index_t)inner;
    const index_t place = line % (index_t)padded, start = before, length = size;
    const bool inside = place >= start && place < start + length;
#if MODE == MODE_REFLECT
    const index_t entry = inside ? place - start : place < start ? start - place : 2 * (length - 1) - (place - start);
#elif MODE == MODE_EDGE
    const index_t entry = inside ? place - start : place < start ? 0 : length - 1;
#else
    if (!inside) {
        STORE(AT(y), i, value);
        return;
    }
    const index_t entry = place - start;
#endif
    const index_t from = (line / (index_t)padded * length + entry) * (index_t)inner + (index_t)i % (index_t)inner;
    STORE(AT(y), i, LOAD(AT(x), from));
}
