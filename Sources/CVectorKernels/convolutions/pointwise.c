#include "../include/CVectorKernels.h"

#if defined(__x86_64__)
#include "avx512.h"

#include "product.h"

TARGET static void rows(const struct semblance_pointwise *p, long panel, long first, long last) {
    const long width = panelWidth(p->outputs, panel), start = panel * PANEL, place = first * p->outputs + start;
    const long left = p->outputs - start - (width - 1) * FLOATS;
    const float *u = p->weights + panel * PANEL * p->channels;
    const struct epilogue epilogue = {
        p->bias ? p->bias + start : 0, p->slope ? p->slope + start : 0, p->residual ? p->residual + place : 0,
        left < FLOATS ? left : FLOATS};
    const struct product product = {
        .v = p->x + first * p->channels, .u = u, .next = u + p->channels * width * FLOATS, .y = p->y + place,
        .rows = last - first, .depth = p->channels, .stride = p->outputs, .width = width, .pitch = p->channels};
    productWith(&product, &epilogue, PLAIN);
}

void semblance_pointwise(const struct semblance_pointwise *p, long panel, long first, long last) {
    rows(p, panel, first, last);
}
#else
void semblance_pointwise(const struct semblance_pointwise *p, long panel, long first, long last) {}
#endif
