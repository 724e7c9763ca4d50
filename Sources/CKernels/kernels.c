// The OpenCL sources, embedded: nothing in Kernels/ is needed at run time.
#include "CKernels.h"
#include <string.h>

#define EMBED(name) static const char source_##name[] = {

EMBED(common)
#embed "../../Kernels/common.cl"
};
EMBED(activation)
#embed "../../Kernels/activation.cl"
};
EMBED(adamW)
#embed "../../Kernels/adamW.cl"
};
EMBED(averagePool)
#embed "../../Kernels/averagePool.cl"
};
EMBED(batchNorm)
#embed "../../Kernels/batchNorm.cl"
};
EMBED(batchNormGradient)
#embed "../../Kernels/batchNormGradient.cl"
};
EMBED(batchNormTraining)
#embed "../../Kernels/batchNormTraining.cl"
};
EMBED(binary)
#embed "../../Kernels/binary.cl"
};
EMBED(concat)
#embed "../../Kernels/concat.cl"
};
EMBED(convolution)
#embed "../../Kernels/convolution.cl"
};
EMBED(depthwise)
#embed "../../Kernels/depthwise.cl"
};
EMBED(dropout)
#embed "../../Kernels/dropout.cl"
};
EMBED(fill)
#embed "../../Kernels/fill.cl"
};
EMBED(fragments)
#embed "../../Kernels/fragments.cl"
};
EMBED(gemm)
#embed "../../Kernels/gemm.cl"
};
EMBED(globalAveragePool)
#embed "../../Kernels/globalAveragePool.cl"
};
EMBED(implicitGemm)
#embed "../../Kernels/implicitGemm.cl"
};
EMBED(implicitWeightGradient)
#embed "../../Kernels/implicitWeightGradient.cl"
};
EMBED(l2Normalise)
#embed "../../Kernels/l2Normalise.cl"
};
EMBED(marginSoftmax)
#embed "../../Kernels/marginSoftmax.cl"
};
EMBED(maxPool)
#embed "../../Kernels/maxPool.cl"
};
EMBED(pad)
#embed "../../Kernels/pad.cl"
};
EMBED(probe)
#embed "../../Kernels/probe.cl"
};
EMBED(probeHalf)
#embed "../../Kernels/probeHalf.cl"
};
EMBED(probeInstructions)
#embed "../../Kernels/probeInstructions.cl"
};
EMBED(probeWarpgroup)
#embed "../../Kernels/probeWarpgroup.cl"
};
EMBED(quantise)
#embed "../../Kernels/quantise.cl"
};
EMBED(reduceSum)
#embed "../../Kernels/reduceSum.cl"
};
EMBED(registerTile)
#embed "../../Kernels/registerTile.cl"
};
EMBED(reshape)
#embed "../../Kernels/reshape.cl"
};
EMBED(resizeLinear)
#embed "../../Kernels/resizeLinear.cl"
};
EMBED(resizeNearest)
#embed "../../Kernels/resizeNearest.cl"
};
EMBED(sgd)
#embed "../../Kernels/sgd.cl"
};
EMBED(softmax)
#embed "../../Kernels/softmax.cl"
};
EMBED(sumOfSquares)
#embed "../../Kernels/sumOfSquares.cl"
};
EMBED(tensorCores)
#embed "../../Kernels/tensorCores.cl"
};
EMBED(tensorTile)
#embed "../../Kernels/tensorTile.cl"
};
EMBED(tensorWeightGradient)
#embed "../../Kernels/tensorWeightGradient.cl"
};
EMBED(topScores)
#embed "../../Kernels/topScores.cl"
};
EMBED(transpose)
#embed "../../Kernels/transpose.cl"
};
EMBED(warp)
#embed "../../Kernels/warp.cl"
};
EMBED(weightGradientWalk)
#embed "../../Kernels/weightGradientWalk.cl"
};
EMBED(winograd)
#embed "../../Kernels/winograd.cl"
};

// One line a kernel file.
#define KERNELS(X) \
    X(common) \
    X(activation) \
    X(adamW) \
    X(averagePool) \
    X(batchNorm) \
    X(batchNormGradient) \
    X(batchNormTraining) \
    X(binary) \
    X(concat) \
    X(convolution) \
    X(depthwise) \
    X(dropout) \
    X(fill) \
    X(fragments) \
    X(gemm) \
    X(globalAveragePool) \
    X(implicitGemm) \
    X(implicitWeightGradient) \
    X(l2Normalise) \
    X(marginSoftmax) \
    X(maxPool) \
    X(pad) \
    X(probe) \
    X(probeHalf) \
    X(probeInstructions) \
    X(probeWarpgroup) \
    X(quantise) \
    X(reduceSum) \
    X(registerTile) \
    X(reshape) \
    X(resizeLinear) \
    X(resizeNearest) \
    X(sgd) \
    X(softmax) \
    X(sumOfSquares) \
    X(tensorCores) \
    X(tensorTile) \
    X(tensorWeightGradient) \
    X(topScores) \
    X(transpose) \
    X(warp) \
    X(weightGradientWalk) \
    X(winograd)

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
