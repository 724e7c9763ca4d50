// y = a + b, a * b and a / b, element by element on row-major tensors.
// NAME: as large as each other, VECTOR elements a work-item. NAMEBroadcast: b has stride 0 along the axes that it lacks; one
// element a work-item. Work-groups of any size.

#define BINARY(name, OPERATOR)                                                                                \
    __kernel void name(CONST_TENSOR(a), CONST_TENSOR(b), TENSOR(y), const ulong count)                        \
    {                                                                                                         \
        const size_t i = get_global_id(0);                                                                    \
        if (i >= count) return;                                                                               \
        VECTORS(y)[i] = CONST_VECTORS(a)[i] OPERATOR CONST_VECTORS(b)[i];                                     \
    }                                                                                                         \
    __kernel void name##Broadcast(CONST_TENSOR(a), CONST_TENSOR(b), TENSOR(y), STRIDED(b), const ulong count) \
    {                                                                                                         \
        const size_t i = get_global_id(0);                                                                    \
        if (i >= count) return;                                                                               \
        AT(y)[i] = AT(a)[i] OPERATOR AT(b)[PLACE(b, i)];                                                      \
    }

BINARY(add, +)
BINARY(multiply, *)
BINARY(divide, /)
