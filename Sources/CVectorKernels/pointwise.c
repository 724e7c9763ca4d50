#include "include/CVectorKernels.h"

#if defined(__x86_64__)
#include "product.h"

AVX512 static void rows(const struct semblance_pointwise *p, long panel, long first, long last) {
    const long width = panelWidth(p->outputs, panel), start = panel * VECTORS * 16, place = first * p->outputs + start;
    const long left = p->outputs - start - (width - 1) * 16;
    const float *u = p->weights + panel * VECTORS * 16 * p->channels;
    const struct epilogue epilogue = {
        p->bias ? p->bias + start : 0, p->slope ? p->slope + start : 0, p->residual ? p->residual + place : 0,
        left < 16 ? (1 << left) - 1 : 0xFFFF};
    const struct product product = {
        p->x + first * p->channels, u, u + p->channels * width * 16, p->y + place, last - first, p->channels,
        p->outputs, width};
    productWith(&product, &epilogue);
}

void semblance_pointwise(const struct semblance_pointwise *p, long panel, long first, long last) {
    rows(p, panel, first, last);
}
#else
void semblance_pointwise(const struct semblance_pointwise *p, long panel, long first, long last) {}
#endif
