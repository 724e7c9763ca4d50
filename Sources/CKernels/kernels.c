// The OpenCL sources, embedded: nothing in Kernels/ is needed at run time.
#include "CKernels.h"
#include <string.h>

#define EMBED(name) static const char source_##name[] = {

EMBED(common)
#embed "../../Kernels/common.cl"
};
EMBED(gemm)
#embed "../../Kernels/gemm.cl"
};
EMBED(convolution)
#embed "../../Kernels/convolution.cl"
};
EMBED(depthwise)
#embed "../../Kernels/depthwise.cl"
};
EMBED(fill)
#embed "../../Kernels/fill.cl"
};
EMBED(reshape)
#embed "../../Kernels/reshape.cl"
};

// One line a kernel file.
#define KERNELS(X) \
    X(common)      \
    X(convolution) \
    X(depthwise)   \
    X(fill)        \
    X(gemm)        \
    X(reshape)

const char *semblance_kernel_source(const char *name, size_t *length) {
#define FIND(stem)                            \
    if (strcmp(name, #stem) == 0) {           \
        *length = sizeof source_##stem;       \
        return source_##stem;                 \
    }
    KERNELS(FIND)
    *length = 0;
    return NULL;
}

const char *semblance_kernel_name(size_t index) {
#define NAME(stem) #stem,
    static const char *const names[] = {KERNELS(NAME)};
    return index < sizeof names / sizeof *names ? names[index] : NULL;
}
