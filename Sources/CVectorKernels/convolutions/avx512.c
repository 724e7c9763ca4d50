#if defined(__x86_64__)
#include "avx512.h"

#include "kernels.h"
#include "winogradGradient.h"

const struct kernels semblance_avx512_kernels = KERNELS;
#endif
