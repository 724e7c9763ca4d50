// Batch normalisation of x [N,C,...] with given statistics. VECTOR elements of one channel a work-item; work-groups of any size.

__kernel void batchNorm(
    CONST_TENSOR(x), CONST_TENSOR(gamma), CONST_TENSOR(beta), CONST_TENSOR(mean), CONST_TENSOR(variance), TENSOR(y),
    const int channels, const int spatial, const float epsilon, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const index_t c = (index_t)i * VECTOR / (index_t)spatial % (index_t)channels;
    const float scale = AT(gamma)[c] / sqrt(AT(variance)[c] + epsilon);
    VECTORS(y)[i] = (CONST_VECTORS(x)[i] - AT(mean)[c]) * scale + AT(beta)[c];
}
