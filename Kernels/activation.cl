// Activations of x [N,C,...] and their gradients. VECTOR elements a work-item (in one channel, for PReLU), work-groups of any size;
// preluGradient: one work-group of GROUP for each (channel, split). NaN passes through all of them.

__kernel void relu(CONST_TENSOR(x), TENSOR(y), const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const floatv v = CONST_VECTORS(x)[i];
    VECTORS(y)[i] = v < 0.0f ? (floatv)0.0f : v;
}

__kernel void reluGradient(CONST_TENSOR(x), CONST_TENSOR(dy), TENSOR(dx), const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    VECTORS(dx)[i] = CONST_VECTORS(x)[i] <= 0.0f ? (floatv)0.0f : CONST_VECTORS(dy)[i];
}

__kernel void leakyRelu(CONST_TENSOR(x), TENSOR(y), const float slope, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const floatv v = CONST_VECTORS(x)[i];
    VECTORS(y)[i] = v > 0.0f ? v : slope * v;
}

__kernel void leakyReluGradient(
    CONST_TENSOR(x), CONST_TENSOR(dy), TENSOR(dx), const float slope, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const floatv g = CONST_VECTORS(dy)[i];
    VECTORS(dx)[i] = CONST_VECTORS(x)[i] > 0.0f ? g : slope * g;
}

__kernel void sigmoid(CONST_TENSOR(x), TENSOR(y), const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    VECTORS(y)[i] = 1.0f / (1.0f + exp(-CONST_VECTORS(x)[i]));
}

__kernel void sigmoidGradient(CONST_TENSOR(x), CONST_TENSOR(dy), TENSOR(dx), const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    // y (1 - y), written so that nothing cancels or overflows.
    const floatv e = exp(-fabs(CONST_VECTORS(x)[i]));
    VECTORS(dx)[i] = CONST_VECTORS(dy)[i] * e / ((1.0f + e) * (1.0f + e));
}

__kernel void prelu(
    CONST_TENSOR(x), CONST_TENSOR(slope), TENSOR(y), const int channels, const int spatial, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const float a = AT(slope)[(index_t)i * VECTOR / (index_t)spatial % (index_t)channels];
    const floatv v = CONST_VECTORS(x)[i];
    VECTORS(y)[i] = v > 0.0f ? v : a * v;
}

// dx, and for each (split, channel) its part of the slope's gradient.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void preluGradient(
    CONST_TENSOR(x), CONST_TENSOR(dy), CONST_TENSOR(slope), TENSOR(dx), TENSOR(partial), const int channels,
    const int spatial, const ulong total, const ulong chunk)
{
    __local float scratch[GROUP];
    const index_t channel = get_group_id(0);
    const index_t begin = get_group_id(1) * chunk;
    const index_t end = min(begin + (index_t)chunk, (index_t)total);
    const float a = AT(slope)[channel];
    float sum = 0.0f;
    for (index_t j = begin + get_local_id(0); j < end; j += GROUP) {
        const index_t i = channel_place(j, channel, channels, spatial);
        const float v = AT(x)[i];
        const float g = AT(dy)[i];
        AT(dx)[i] = v > 0.0f ? g : a * g;
        sum += v > 0.0f ? 0.0f : v * g;
    }
    sum = group_sum(sum, scratch);
    if (get_local_id(0) == 0) AT(partial)[get_group_id(1) * channels + channel] = sum;
}
