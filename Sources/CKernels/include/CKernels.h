#pragma once
#include <stddef.h>

/// The OpenCL source Kernels/NAME.cl, or NULL where there is none. Not terminated by a zero: `length` bytes.
const char *semblance_kernel_source(const char *name, size_t *length);

/// The name of the source at `index`, or NULL past the last: what tests go through.
const char *semblance_kernel_name(size_t index);
