#include "kernels.h"

#if defined(__x86_64__)
enum semblance_vectors semblance_widest_vectors(void) {
    if (__builtin_cpu_supports("x86-64-v4")) return SEMBLANCE_AVX512;
    return __builtin_cpu_supports("x86-64-v3") ? SEMBLANCE_AVX2 : SEMBLANCE_NO_VECTORS;
}

static const struct kernels *kernels(enum semblance_vectors vectors) {
    return vectors == SEMBLANCE_AVX512 ? &semblance_avx512_kernels : &semblance_avx2_kernels;
}
#else
enum semblance_vectors semblance_widest_vectors(void) { return SEMBLANCE_NO_VECTORS; }

/* Nobody asks for what the processor does not have. */
static const struct kernels *kernels(enum semblance_vectors vectors) {
    static const struct kernels none;
    return &none;
}
#endif

void semblance_winograd_weights(
    enum semblance_vectors vectors, const float *w, long outputs, long channels, int isTurned, enum semblance_winograd_form form, long panel,
    float *u) {
    kernels(vectors)->winogradWeights(w, outputs, channels, isTurned, form, panel, u);
}

void semblance_winograd_inputs(
    const struct semblance_winograd *p, long first, long last, float *v, long plane, long pitch) {
    kernels(p->vectors)->winogradInputs(p, first, last, v, plane, pitch);
}

void semblance_winograd_outputs(
    const struct semblance_winograd *p, long panel, long first, long last, const float *v, long plane, float *m) {
    kernels(p->vectors)->winogradOutputs(p, panel, first, last, v, plane, m);
}

void semblance_winograd_gradients(
    const struct semblance_winograd *p, const float *dy, long first, long last, float *d, long plane, long start,
    long count) {
    kernels(p->vectors)->winogradGradients(p, dy, first, last, d, plane, start, count);
}

void semblance_winograd_sums(
    const struct semblance_winograd *p, const float *v, long pitch, const float *d, long count, int isFirst,
    float *s) {
    kernels(p->vectors)->winogradSums(p, v, pitch, d, count, isFirst, s);
}

void semblance_winograd_results(
    const struct semblance_winograd *p, long panel, const float *s, long plane, float *dw) {
    kernels(p->vectors)->winogradResults(p, panel, s, plane, dw);
}
