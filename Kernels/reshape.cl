// Copies a tensor: the reshape of what cannot share its memory.
__kernel void reshape(CONST_TENSOR(x), TENSOR(y), const int count) {
    const int index = get_global_id(0);
    if (index < count) AT(y)[index] = AT(x)[index];
}
