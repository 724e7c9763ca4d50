// Sets a part of a buffer to one bit pattern: zeros, NaN, or the pattern of guard regions. (clEnqueueFillBuffer is slow or faulty on
// large buffers with some drivers.)
__kernel void fill(TENSOR(x), const uint pattern, const ulong count) {
    for (ulong i = get_global_id(0); i < count; i += get_global_size(0)) AT(x)[i] = as_float(pattern);
}
