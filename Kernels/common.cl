// Prepended to every kernel.

// A tensor argument: a buffer and the tensor's offset into it in elements (a sub-buffer's offset would have to be aligned).
#define TENSOR(name) __global float *restrict name##_base, const ulong name##_offset
#define CONST_TENSOR(name) __global const float *restrict name##_base, const ulong name##_offset
// The pointer to a tensor argument's first element.
#define AT(name) (name##_base + name##_offset)

// A tensor argument of values that may be stored in half: where HALF_name is 1. All arithmetic is in float; LOAD and STORE convert. Halves
// are declared as ushort, for devices that know no half but in vload_half and vstore_half.
#define VALUES(name) __global ELEMENT(name) *restrict name##_base, const ulong name##_offset
#define CONST_VALUES(name) __global const ELEMENT(name) *restrict name##_base, const ulong name##_offset
// The type of its elements, for pointers into it.
#define ELEMENT(name) ELEMENT_OF(HALF_##name)
#define ELEMENT_OF(is_half) ELEMENT_JOIN(is_half)
#define ELEMENT_JOIN(is_half) ELEMENT_##is_half
#define ELEMENT_0 float
#define ELEMENT_1 ushort

// The names of such arguments.
#ifndef HALF_x
#define HALF_x 0
#endif
#ifndef HALF_y
#define HALF_y 0
#endif
#ifndef HALF_dx
#define HALF_dx 0
#endif
#ifndef HALF_dy
#define HALF_dy 0
#endif
#ifndef HALF_a
#define HALF_a 0
#endif
#ifndef HALF_b
#define HALF_b 0
#endif
#ifndef HALF_c
#define HALF_c 0
#endif
#ifndef HALF_columns
#define HALF_columns 0
#endif
#ifndef HALF_residual
#define HALF_residual 0
#endif

// Element i from a pointer to either type; the condition is a constant.
#define IS_HALF(p) (sizeof(*(p)) == 2)
#define HALVES(p) ((__global half *)(p))
#define CONST_HALVES(p) ((const __global half *)(p))
#define LOAD(p, i) (IS_HALF(p) ? vload_half((i), CONST_HALVES(p)) : ((const __global float *)(p))[i])
#define STORE(p, i, value)                             \
    do {                                               \
        if (IS_HALF(p))                                \
            vstore_half_rte((value), (i), HALVES(p));  \
        else                                           \
            ((__global float *)(p))[i] = (value);      \
    } while (0)
// Four elements at `p`, a multiple of four elements from the start of the buffer; sixteen, from any place.
#define LOAD4(p) (IS_HALF(p) ? vloada_half4(0, CONST_HALVES(p)) : *(const __global float4 *)(p))
#define LOAD16(p) (IS_HALF(p) ? vload_half16(0, CONST_HALVES(p)) : vload16(0, (const __global float *)(p)))
#define STORE4(p, value)                              \
    do {                                              \
        if (IS_HALF(p))                               \
            vstorea_half4_rte((value), 0, HALVES(p)); \
        else                                          \
            *(__global float4 *)(p) = (value);        \
    } while (0)
#define STORE16(p, value)                                     \
    do {                                                      \
        if (IS_HALF(p))                                       \
            vstore_half16_rte((value), 0, HALVES(p));         \
        else                                                  \
            vstore16((value), 0, (__global float *)(p));      \
    } while (0)
// Two, of floats at a multiple of two.
#define LOAD2(p) (IS_HALF(p) ? vload_half2(0, CONST_HALVES(p)) : *(const __global float2 *)(p))
#define STORE2(p, value)                               \
    do {                                               \
        if (IS_HALF(p))                                \
            vstore_half2_rte((value), 0, HALVES(p));   \
        else                                           \
            *(__global float2 *)(p) = (value);         \
    } while (0)
#define LOAD1(p) LOAD(p, 0)
#define STORE1(p, value) STORE(p, 0, value)

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
// Vector i of values that may be stored in half.
#if VECTOR == 4
#define LOAD_VECTOR(name, i) LOAD4(AT(name) + 4 * (i))
#define STORE_VECTOR(name, i, value) STORE4(AT(name) + 4 * (i), value)
#else
#define LOAD_VECTOR(name, i) LOAD(AT(name), i)
#define STORE_VECTOR(name, i, value) STORE(AT(name), i, value)
#endif

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

// The largest value of such a work-group, NaN left out.
static float group_max(float value, __local float *scratch)
{
    const uint item = get_local_id(0);
    barrier(CLK_LOCAL_MEM_FENCE);
    scratch[item] = value;
    for (uint half_size = GROUP / 2; half_size > 0; half_size /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < half_size) scratch[item] = fmax(scratch[item], scratch[item + half_size]);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    return scratch[0];
}

// Up to six axes, outermost first, and how far apart their entries lie in a tensor; AXES of them are used.
#ifndef AXES
#define AXES 6
#endif
#define STRIDED(name)                                     \
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
#define WINDOW                                                                                                 \
    const int height, const int width, const int outputHeight, const int outputWidth, const int kernelHeight,  \
    const int kernelWidth, const int strideHeight, const int strideWidth, const int padTop, const int padLeft, \
    const int dilationHeight, const int dilationWidth

// Its parameters, handed on.
#define WINDOW_VALUES                                                                               \
    height, width, outputHeight, outputWidth, kernelHeight, kernelWidth, strideHeight, strideWidth, \
    padTop, padLeft, dilationHeight, dilationWidth

// What gradients of the loss times 2^exponent are multiplied by to be those of the loss, with a norm of at most `clipNorm`.
static float clip_scale(float squaredNorm, float clipNorm, float exponent)
{
    const float unscaling = ldexp(1.0f, -(int)exponent);
    return fmin(1.0f, clipNorm / (sqrt(squaredNorm) * unscaling)) * unscaling;
}

// Activations, as ACTIVATION in a kernel's defines.
#define ACTIVATION_NONE 0
#define ACTIVATION_RELU 1
#define ACTIVATION_LEAKY_RELU 2
#define ACTIVATION_PRELU 3
#define ACTIVATION_SIGMOID 4
#define ACTIVATION_TANH 5
#define ACTIVATION_HARD_SIGMOID 6
#define ACTIVATION_HARD_SWISH 7
#define ACTIVATION_CLIP 8
#define ACTIVATION_SQUARE_ROOT 9
#define ACTIVATION_POWER 10
#ifndef ACTIVATION
#define ACTIVATION ACTIVATION_NONE
#endif

// A kernel's parameters for it: PReLU's slopes, one a channel, and two constants: slope; alpha and beta; low and high; exponent.
#define ACTIVATION_CONSTANTS const float activation_a, const float activation_b
#if ACTIVATION == ACTIVATION_PRELU
#define SLOPE_PARAMETER CONST_TENSOR(slope),
#define ACTIVATION_A(channel) AT(slope)[channel]
#else
#define SLOPE_PARAMETER
#define ACTIVATION_A(channel) activation_a
#endif

// `x` between two bounds; NaN stays NaN, as in all that follows: comparisons with it are false.
#define CLIP(T, x, low, high) select(select((x), (T)(low), (x) < (T)(low)), (T)(high), (x) > (T)(high))
#define LINE(T, x, a, b) fma((x), (T)(a), (T)(b))

// The activation of x, a float or a vector of type T, with ACTIVATION_A(channel) as `a`.
#if ACTIVATION == ACTIVATION_RELU
#define ACTIVATE(T, x, a) select((x), (T)(0.0f), (x) < (T)(0.0f))
#elif ACTIVATION == ACTIVATION_LEAKY_RELU || ACTIVATION == ACTIVATION_PRELU
#define ACTIVATE(T, x, a) select((x), (x) * (T)(a), (x) < (T)(0.0f))
#elif ACTIVATION == ACTIVATION_SIGMOID
#define ACTIVATE(T, x, a) ((T)(1.0f) / ((T)(1.0f) + exp(-(x))))
#elif ACTIVATION == ACTIVATION_TANH
#define ACTIVATE(T, x, a) tanh(x)
#elif ACTIVATION == ACTIVATION_HARD_SIGMOID
#define ACTIVATE(T, x, a) CLIP(T, LINE(T, x, a, activation_b), 0.0f, 1.0f)
#elif ACTIVATION == ACTIVATION_HARD_SWISH
#define ACTIVATE(T, x, a) ((x) * CLIP(T, LINE(T, x, 1.0f / 6.0f, 0.5f), 0.0f, 1.0f))
#elif ACTIVATION == ACTIVATION_CLIP
#define ACTIVATE(T, x, a) CLIP(T, x, a, activation_b)
#elif ACTIVATION == ACTIVATION_SQUARE_ROOT
#define ACTIVATE(T, x, a) sqrt(x)
#elif ACTIVATION == ACTIVATION_POWER
#define ACTIVATE(T, x, a) pow((x), (T)(a))
#else
#define ACTIVATE(T, x, a) (x)
#endif

// The epilogue of products and convolutions, activation(value + bias + residual): its parameters, those that are switched on by BIAS
// (0 none, 1 one a channel), RESIDUAL and ACTIVATION, and the code for `value`, a variable of type T. `place` points to the
// element of the residual that belongs to it, and LOAD_T reads a T from there.
#ifndef BIAS
#define BIAS 0
#endif
#ifndef RESIDUAL
#define RESIDUAL 0
#endif
#if BIAS
#define BIAS_PARAMETER CONST_TENSOR(bias),
#else
#define BIAS_PARAMETER
#endif
#if BIAS == 1
#define ADD_BIAS(T, value, channel) value += (T)(AT(bias)[channel]);
#else
#define ADD_BIAS(T, value, channel)
#endif
#if RESIDUAL
#define RESIDUAL_PARAMETER CONST_VALUES(residual),
#define ADD_RESIDUAL(value, place, LOAD_T) value += LOAD_T(place);
#else
#define RESIDUAL_PARAMETER
#define ADD_RESIDUAL(value, place, LOAD_T)
#endif
#define EPILOGUE_PARAMETERS BIAS_PARAMETER RESIDUAL_PARAMETER SLOPE_PARAMETER ACTIVATION_CONSTANTS
#define FINISH(T, value, channel, place, LOAD_T)           \
    {                                                      \
        ADD_BIAS(T, value, channel)                        \
        ADD_RESIDUAL(value, place, LOAD_T)                 \
        value = ACTIVATE(T, value, ACTIVATION_A(channel)); \
    }
