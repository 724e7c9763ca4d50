// y = a x + b in halves: what cl_khr_fp16 is for, and what some drivers compile without saying so.
#ifdef cl_khr_fp16
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
#endif
__kernel void scale(__global const half *a, __global const half *x, __global const half *b, __global half *y)
{
    const size_t i = get_global_id(0);
    y[i] = a[i] * x[i] + b[i];
}
