// Prepended to every kernel.

// A tensor argument: a buffer and the tensor's offset into it in elements (a sub-buffer's offset would have to be aligned).
#define TENSOR(name) __global float *restrict name##_base, const ulong name##_offset
#define CONST_TENSOR(name) __global const float *restrict name##_base, const ulong name##_offset
// The pointer to a tensor argument's first element.
#define AT(name) (name##_base + name##_offset)

// Activations, as ACTIVATION in a kernel's defines.
#define ACTIVATION_NONE 0
#define ACTIVATION_RELU 1
#define ACTIVATION_LEAKY_RELU 2
#define ACTIVATION_PRELU 3
#define ACTIVATION_SIGMOID 4

// Flat indices. WIDE is set where a tensor has 2^31 elements or more: 64-bit divisions are slow on GPUs.
#ifdef WIDE
typedef ulong index_t;
#else
typedef uint index_t;
#endif

// Elements that one work-item of an element-by-element kernel takes: 4 where sizes and offsets allow it.
#ifndef VECTOR
#define VECTOR 1
#endif
#if VECTOR == 4
typedef float4 floatv;
typedef int4 intv;
#else
typedef float floatv;
typedef int intv;
#endif
#define VECTORS(name) ((__global floatv *)AT(name))
#define CONST_VECTORS(name) ((__global const floatv *)AT(name))

// Work-items of a work-group that reduces together: a power of two.
#ifndef GROUP
#define GROUP 256
#endif

// The sum of `value` over a one-dimensional work-group of GROUP, for all of its work-items. Every work-item must call it.
static float group_sum(float value, __local float *scratch)
{
    const uint item = get_local_id(0);
    barrier(CLK_LOCAL_MEM_FENCE);  // An earlier result may still be being read.
    scratch[item] = value;
    for (uint half_size = GROUP / 2; half_size > 0; half_size /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < half_size) scratch[item] += scratch[item + half_size];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    return scratch[0];
}

// Up to six axes, outermost first, and how far apart their entries lie in a tensor; AXES of them are used.
#ifndef AXES
#define AXES 6
#endif
#define STRIDED(name)                                   \
    const ulong name##_size0, const ulong name##_stride0, \
    const ulong name##_size1, const ulong name##_stride1, \
    const ulong name##_size2, const ulong name##_stride2, \
    const ulong name##_size3, const ulong name##_stride3, \
    const ulong name##_size4, const ulong name##_stride4, \
    const ulong name##_size5, const ulong name##_stride5

typedef struct {
    index_t sizes[6], strides[6];
} strided_axes;

// Where entry i, counted in row-major order over the axes, lies.
static index_t strided_place(index_t i, const strided_axes axes)
{
    index_t place = 0;
#pragma unroll
    for (int axis = AXES - 1; axis > 0; axis--) {
        place += i % axes.sizes[axis] * axes.strides[axis];
        i /= axes.sizes[axis];
    }
    return place + i * axes.strides[0];
}
#define PLACE(name, i)                                                                                   \
    strided_place(i, (strided_axes){                                                                     \
        {name##_size0, name##_size1, name##_size2, name##_size3, name##_size4, name##_size5},            \
        {name##_stride0, name##_stride1, name##_stride2, name##_stride3, name##_stride4, name##_stride5}})

// Reductions over N and space, channel by channel, of [N,C,...]: work-group (channel, split) takes `chunk` of the channel's
// `total` elements; this is where element j of the channel lies.
static index_t channel_place(index_t j, index_t channel, index_t channels, index_t spatial)
{
    return (j / spatial * channels + channel) * spatial + j % spatial;
}

// A sliding window over an image of height x width, giving outputHeight x outputWidth.
#define WINDOW                                                                                          \
    const int height, const int width, const int outputHeight, const int outputWidth, const int kernelHeight, \
    const int kernelWidth, const int strideHeight, const int strideWidth, const int padTop, const int padLeft, \
    const int dilationHeight, const int dilationWidth

// Its parameters, handed on.
#define WINDOW_VALUES                                                                            \
    height, width, outputHeight, outputWidth, kernelHeight, kernelWidth, strideHeight, strideWidth, \
    padTop, padLeft, dilationHeight, dilationWidth

// What gradients are multiplied by so that their norm is at most `clipNorm`.
static float clip_scale(float squaredNorm, float clipNorm) { return fmin(1.0f, clipNorm / sqrt(squaredNorm)); }

#ifndef ACTIVATION
#define ACTIVATION ACTIVATION_NONE
#endif

// The activation that ACTIVATION names, on a float or a vector of type T; `slope` matters to leaky ReLU and PReLU. Comparisons
// are such that NaN stays NaN.
#if ACTIVATION == ACTIVATION_RELU
#define ACTIVATE(T, x, slope) select((x), (T)(0.0f), (x) < (T)(0.0f))
#elif ACTIVATION == ACTIVATION_LEAKY_RELU || ACTIVATION == ACTIVATION_PRELU
#define ACTIVATE(T, x, slope) select((x), (x) * (T)(slope), (x) < (T)(0.0f))
#elif ACTIVATION == ACTIVATION_SIGMOID
#define ACTIVATE(T, x, slope) ((T)(1.0f) / ((T)(1.0f) + exp(-(x))))
#else
#define ACTIVATE(T, x, slope) (x)
#endif
