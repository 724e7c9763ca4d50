// Activations of x [N,C,...] and their gradients, as ACTIVATION says. VECTOR elements a work-item (in one channel, for PReLU),
// work-groups of any size; preluGradient: one work-group of GROUP for each (channel, split).

__kernel void activation(
    CONST_VALUES(x), SLOPE_PARAMETER VALUES(y), const int channels, const int spatial, ACTIVATION_CONSTANTS,
    const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const float a = ACTIVATION_A((index_t)i * VECTOR / (index_t)spatial % (index_t)channels);
    const floatv v = LOAD_VECTOR(x, i);
    STORE_VECTOR(y, i, ACTIVATE(floatv, v, a));
}

// The derivative at x times dy; `a` and `b` are the activation's constants.
static floatv gradient(floatv x, floatv dy, float a, float b)
{
    const floatv zero = 0.0f, one = 1.0f;
#if ACTIVATION == ACTIVATION_RELU
    return select(dy, zero, x <= zero);
#elif ACTIVATION == ACTIVATION_LEAKY_RELU
    return select(dy, a * dy, x <= zero);
#elif ACTIVATION == ACTIVATION_SIGMOID
    // y (1 - y), written so that nothing cancels or overflows.
    const floatv e = exp(-fabs(x));
    return dy * e / ((one + e) * (one + e));
#elif ACTIVATION == ACTIVATION_TANH
    // 1 - y^2, likewise.
    const floatv e = exp(-2.0f * fabs(x));
    return 4.0f * dy * e / ((one + e) * (one + e));
#elif ACTIVATION == ACTIVATION_HARD_SIGMOID
    const floatv line = LINE(floatv, x, a, b);
    return select(a * dy, zero, line <= zero || line >= one);
#elif ACTIVATION == ACTIVATION_HARD_SWISH
    const floatv inside = dy * LINE(floatv, x, 1.0f / 3.0f, 0.5f);
    return select(select(inside, dy, x >= (floatv)(3.0f)), zero, x <= (floatv)(-3.0f));
#elif ACTIVATION == ACTIVATION_CLIP
    return select(dy, zero, x <= (floatv)(a) || x >= (floatv)(b));
#elif ACTIVATION == ACTIVATION_SQUARE_ROOT
    return dy * 0.5f / sqrt(x);
#elif ACTIVATION == ACTIVATION_POWER
    return a == 0.0f ? zero : dy * a * pow(x, (floatv)(a - 1.0f));
#else
    return dy;
#endif
}

__kernel void activationGradient(
    CONST_VALUES(x), CONST_VALUES(dy), VALUES(dx), const int channels, const int spatial, ACTIVATION_CONSTANTS,
    const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const floatv result = gradient(LOAD_VECTOR(x, i), LOAD_VECTOR(dy, i), activation_a, activation_b);
    STORE_VECTOR(dx, i, result);
}

// dx, and for each (split, channel) its part of the slope's gradient.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void preluGradient(
    CONST_VALUES(x), CONST_VALUES(dy), CONST_TENSOR(slope), VALUES(dx), TENSOR(partial), const int channels,
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
        const float v = LOAD(AT(x), i);
        const float g = LOAD(AT(dy), i);
        STORE(AT(dx), i, v > 0.0f ? g : a * g);
        sum += v > 0.0f ? 0.0f : v * g;
    }
    sum = group_sum(sum, scratch);
    if (get_local_id(0) == 0) AT(partial)[get_group_id(1) * channels + channel] = sum;
}
