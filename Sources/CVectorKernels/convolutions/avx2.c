#if defined(__x86_64__)
#include "avx2.h"

#include "depthwise.h"
#include "kernels.h"
#include "pointwise.h"
#include "winogradGradient.h"

const struct kernels semblance_avx2_kernels = KERNELS;
#endif
