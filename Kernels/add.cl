// y = a + b, element by element on row-major tensors.
// add: as large as each other, VECTOR elements a work-item. addBroadcast: b has stride 0 along the axes that it lacks; one
// element a work-item. Work-groups of any size.

__kernel void add(CONST_TENSOR(a), CONST_TENSOR(b), TENSOR(y), const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    VECTORS(y)[i] = CONST_VECTORS(a)[i] + CONST_VECTORS(b)[i];
}

__kernel void addBroadcast(CONST_TENSOR(a), CONST_TENSOR(b), TENSOR(y), STRIDED(b), const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    AT(y)[i] = AT(a)[i] + AT(b)[PLACE(b, i)];
}
