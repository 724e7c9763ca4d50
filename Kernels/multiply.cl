// y = a * b, element by element on row-major tensors.
// multiply: as large as each other, VECTOR elements a work-item. multiplyBroadcast: b has stride 0 along the axes that it lacks; one
// element a work-item. Work-groups of any size.

__kernel void multiply(CONST_TENSOR(a), CONST_TENSOR(b), TENSOR(y), const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    VECTORS(y)[i] = CONST_VECTORS(a)[i] * CONST_VECTORS(b)[i];
}

__kernel void multiplyBroadcast(CONST_TENSOR(a), CONST_TENSOR(b), TENSOR(y), STRIDED(b), const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    AT(y)[i] = AT(a)[i] * AT(b)[PLACE(b, i)];
}
