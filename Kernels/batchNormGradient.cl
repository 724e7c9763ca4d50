// Gradients of batch normalisation of x [N,C,...]. FROZEN: the statistics are constants and `spread` is the variance; otherwise they are
// the batch's own and `spread` is the inverse deviation.
// batchNormGradientSums: a work-group of GROUP for each (channel, split); VECTOR elements of one channel a work-item in the other.
#ifndef FROZEN
#define FROZEN 0
#endif

static float inverse_deviation(float spread, float epsilon)
{
    return FROZEN ? 1.0f / sqrt(spread + epsilon) : spread;
}

// dgamma and dbeta [splits, C]: parts of sum(dy * normalised x) and of sum(dy).
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void batchNormGradientSums(
    CONST_VALUES(x), CONST_VALUES(dy), CONST_TENSOR(mean), CONST_TENSOR(spread), TENSOR(dgamma), TENSOR(dbeta),
    const int channels, const int spatial, const float epsilon, const ulong total, const ulong chunk)
{
    __local float scratch[GROUP];
    const index_t channel = get_group_id(0);
    const index_t begin = get_group_id(1) * chunk;
    const index_t end = min(begin + (index_t)chunk, (index_t)total);
    const float m = AT(mean)[channel];
    float products = 0.0f;
    float sum = 0.0f;
    for (index_t j = begin + get_local_id(0); j < end; j += GROUP) {
        const index_t i = channel_place(j, channel, channels, spatial);
        const float g = LOAD(AT(dy), i);
        products += g * (LOAD(AT(x), i) - m);
        sum += g;
    }
    products = group_sum(products, scratch);
    sum = group_sum(sum, scratch);
    if (get_local_id(0) == 0) {
        const size_t at = get_group_id(1) * channels + channel;
        AT(dgamma)[at] = products * inverse_deviation(AT(spread)[channel], epsilon);
        AT(dbeta)[at] = sum;
    }
}

// dx; `each` is 1 over the elements of a channel.
__kernel void batchNormGradient(
    CONST_VALUES(x), CONST_VALUES(dy), CONST_TENSOR(gamma), CONST_TENSOR(mean), CONST_TENSOR(spread),
    CONST_TENSOR(dgamma), CONST_TENSOR(dbeta), VALUES(dx), const int channels, const int spatial,
    const float epsilon, const float each, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const index_t c = (index_t)i * VECTOR / (index_t)spatial % (index_t)channels;
    const float inverse = inverse_deviation(AT(spread)[c], epsilon);
    floatv g = LOAD_VECTOR(dy, i);
#if !FROZEN
    const floatv normalised = (LOAD_VECTOR(x, i) - AT(mean)[c]) * inverse;
    g -= (AT(dbeta)[c] + normalised * AT(dgamma)[c]) * each;
#endif
    STORE_VECTOR(dx, i, g * (AT(gamma)[c] * inverse));
}
