// Copies a tensor: the reshape of what cannot share its memory.
__kernel void reshape(CONST_VALUES(x), VALUES(y), const int count) {
    const int index = get_global_id(0);
    if (index < count) STORE(AT(y), index, LOAD(AT(x), index));
}
