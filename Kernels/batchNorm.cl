// Batch normalisation of x [N,C,...] with given statistics. VECTOR elements of one channel a work-item; work-groups of any size.

__kernel void batchNorm(
    CONST_VALUES(x), CONST_TENSOR(gamma), CONST_TENSOR(beta), CONST_TENSOR(mean), CONST_TENSOR(variance), VALUES(y),
    const int channels, const int spatial, const float epsilon, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const index_t c = (index_t)i * VECTOR / (index_t)spatial % (index_t)channels;
    const float scale = AT(gamma)[c] / sqrt(AT(variance)[c] + epsilon);
    STORE_VECTOR(y, i, (LOAD_VECTOR(x, i) - AT(mean)[c]) * scale + AT(beta)[c]);
}
