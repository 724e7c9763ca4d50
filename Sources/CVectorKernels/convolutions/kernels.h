#pragma once

/* What avx512.c and avx2.c each make of the same loops; ../include/CVectorKernels.h says what they do. */

#include "../include/CVectorKernels.h"

struct kernels {
    void (*winogradWeights)(
        const float *w, long outputs, long channels, int isTurned, enum semblance_winograd_form form, long panel, float *u);
    void (*winogradInputs)(
        const struct semblance_winograd *p, long first, long last, float *v, long plane, long pitch);
    void (*winogradOutputs)(
        const struct semblance_winograd *p, long panel, long first, long last, const float *v, long plane, float *m);
    void (*winogradGradients)(
        const struct semblance_winograd *p, const float *dy, long first, long last, float *d, long plane, long start,
        long count);
    void (*winogradSums)(
        const struct semblance_winograd *p, const float *v, long pitch, const float *d, long count, int isFirst,
        float *s);
    void (*winogradResults)(const struct semblance_winograd *p, long panel, const float *s, long plane, float *dw);
};

extern const struct kernels semblance_avx512_kernels, semblance_avx2_kernels;

#define KERNELS \
    {winogradWeights, winogradInputs, winogradOutputs, winogradGradients, winogradSums, winogradResults}
