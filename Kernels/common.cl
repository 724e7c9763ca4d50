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
