// y = a + b, a * b and a / b, element by element on row-major tensors.
// NAME: as large as each other, VECTOR elements a work-item. NAMEBroadcast: b has stride 0 along the axes that it lacks; one
// element a work-item. Work-groups of any size.

#define BINARY(name, OPERATOR)                                                                                \
    __kernel void name(CONST_VALUES(a), CONST_VALUES(b), VALUES(y), const ulong count)                        \
    {                                                                                                         \
        const size_t i = get_global_id(0);                                                                    \
        if (i >= count) return;                                                                               \
        STORE_VECTOR(y, i, LOAD_VECTOR(a, i) OPERATOR LOAD_VECTOR(b, i));                                     \
    }                                                                                                         \
    __kernel void name##Broadcast(CONST_VALUES(a), CONST_VALUES(b), VALUES(y), STRIDED(b), const ulong count) \
    {                                                                                                         \
        const size_t i = get_global_id(0);                                                                    \
        if (i >= count) return;                                                                               \
        STORE(AT(y), i, LOAD(AT(a), i) OPERATOR LOAD(AT(b), PLACE(b, i)));                                    \
    }

BINARY(add, +)
BINARY(multiply, *)
BINARY(divide, /)
