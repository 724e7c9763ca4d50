// What `semblance probe` runs to see what a driver does, besides inline PTX and half arithmetic.

__kernel void nothing(void) {}

// y = x, a vector a work-item.
__kernel void copy(__global const float4 *x, __global float4 *y) { y[get_global_id(0)] = x[get_global_id(0)]; }

// A work-group fills `words` words of local memory, and tells each as another work-item finds it. Global: groups x local size. With BYTES the
// memory is declared in the program, without it an argument.
#ifdef BYTES
__kernel void fill_local(__global uint *y, const uint words, const uint seed)
{
    __local uint space[BYTES / 4];
#else
__kernel void fill_local(__global uint *y, const uint words, const uint seed, __local uint *space)
{
#endif
    for (uint i = get_local_id(0); i < words; i += get_local_size(0))
        space[i] = (i + seed) * 2654435761u ^ (uint)get_group_id(0);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = get_local_id(0); i < words; i += get_local_size(0))
        y[get_group_id(0) * words + i] = space[words - 1 - i];
}

// Halves as floats, and floats as halves, which OpenCL has without cl_khr_fp16.
__kernel void store_halves(__global const half *x, __global const float *u, __global float *y, __global half *v)
{
    const size_t i = get_global_id(0);
    y[i] = vload_half(i, x);
    vstore_half_rte(u[i], i, v);
}
