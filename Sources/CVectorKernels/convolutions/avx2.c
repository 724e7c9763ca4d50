#if defined(__x86_64__)
#include "avx2.h"

#include "kernels.h"
#include "winogradGradient.h"

const struct kernels semblance_avx2_kernels = KERNELS;
#endif
