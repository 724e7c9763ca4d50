#pragma once

/* The product behind dense convolutions, for the vectors of the file that includes it. Outputs come in panels of two vectors, whose weights for 256
   channels stay in the first cache. */

#include "../include/CVectorKernels.h"
#include "../unrolled.h"
#include "activation.h"

#define VECTORS 2
#define PANEL (VECTORS * FLOATS)

/* What is done to sums before they are stored; arrays by output, or null. */
struct epilogue {
    const float *bias, *slope;
    /* As y, or null. */
    const float *residual;
    /* The outputs that there are of the last vector. */
    long last;
};

/* y [rows, width vectors] = v [rows, depth] u [depth, width vectors]; a row of y begins `stride` floats after the one before. */
struct product {
    const float *v, *u;
    /* Weights that are needed next: they come from afar, and are fetched meanwhile. */
    const float *next;
    float *y;
    long rows, depth, stride, width;
    /* Floats from a row of v to the next. */
    long pitch;
    /* Of an adding product: whether y has nothing yet. */
    int isFirst;
};

/* How a product is computed; known where the loops are compiled. */
enum mode {
    PLAIN,
    /* v is [depth, rows], its pitch from one step of the sum to the next, and the sums are added to what y has. */
    ADDING
};

/* Vectors of a panel. */
static inline long panelWidth(long outputs, long panel) {
    const long left = (outputs + FLOATS - 1) / FLOATS - panel * VECTORS;
    return left < VECTORS ? left : VECTORS;
}

/* `count` rows from `first` on. A step of the sum fetches `step` floats. */
INLINE void block(
    const struct product *p, const struct epilogue *e, long first, const float *next, long step, const int count,
    const int width, const enum mode mode) {
    const float *v = p->v + first * (mode == ADDING ? 1 : p->pitch), *u = p->u;
    float *y = p->y + first * p->stride;
    Vector sums[ROWS][VECTORS];
    UNROLLED
    for (int i = 0; i < count; i++)
        UNROLLED
        for (int w = 0; w < width; w++)
            sums[i][w] = mode == ADDING && !p->isFirst ? load(y + i * p->stride + w * FLOATS) : splat(0);
    for (long d = 0; d < p->depth; d++) {
        Vector factors[VECTORS];
        /* A step is of two lines at most. */
        _mm_prefetch(next + d * step, _MM_HINT_T1);
        if (PANEL > 16) _mm_prefetch(next + d * step + 16, _MM_HINT_T1);
        UNROLLED
        for (int w = 0; w < width; w++) factors[w] = load(u + (d * width + w) * FLOATS);
        UNROLLED
        for (int i = 0; i < count; i++) {
            const Vector one = splat(mode == ADDING ? v[d * p->pitch + i] : v[i * p->pitch + d]);
            UNROLLED
            for (int w = 0; w < width; w++) sums[i][w] = fused(one, factors[w], sums[i][w]);
        }
    }
    UNROLLED
    for (int w = 0; w < width; w++) {
        if (!e) {
            UNROLLED
            for (int i = 0; i < count; i++) store(y + i * p->stride + w * FLOATS, sums[i][w]);
            continue;
        }
        const long there = w == width - 1 ? e->last : FLOATS;
        const Vector bias = e->bias ? loadFirst(e->bias + w * FLOATS, there) : splat(0);
        const Vector slope = e->slope ? loadFirst(e->slope + w * FLOATS, there) : splat(1);
        UNROLLED
        for (int i = 0; i < count; i++) {
            const long place = first * p->stride + i * p->stride + w * FLOATS;
            Vector value = sums[i][w] + bias;
            if (e->residual) value = value + loadFirst(e->residual + place, there);
            if (e->slope) value = sloped(value, slope);
            if (there == FLOATS) store(p->y + place, value);
            else storeFirst(p->y + place, there, value);
        }
    }
}

/* The numbers of rows and vectors are known where the loops are compiled. */
#define CASE(count)                                                              \
    case count:                                                                  \
        if (count > ROWS) break;                                                 \
        if (p->width == VECTORS) block(p, e, first, next, step, count, 2, mode); \
        else block(p, e, first, next, step, count, 1, mode);                     \
        break;

/* All rows, in blocks as alike as can be rather than a small one at the end. */
INLINE void productWith(const struct product *p, const struct epilogue *e, const enum mode mode) {
    const long blocks = (p->rows + ROWS - 1) / ROWS;
    const long share = (p->width * FLOATS + blocks - 1) / blocks;
    for (long index = 0; index < blocks; index++) {
        const long first = p->rows * index / blocks, count = p->rows * (index + 1) / blocks - first;
        const long step = index * share < p->width * FLOATS ? share : 0;
        const float *next = p->next + index * p->depth * share;
        switch (count) {
            CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
            CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
        }
    }
}
#undef CASE
