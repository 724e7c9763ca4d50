#pragma once

/* The product behind dense convolutions. Included by the files that need it, each with what it does to the sums. */

#include "avx512.h"

/* Outputs come in panels of so many vectors of 16, whose sums for so many rows stay in registers. A panel's weights for 256 channels stay in the first
   cache, which panels of 64 for 6 rows would read twice as often from the second. */
#define VECTORS (SEMBLANCE_PANEL / 16)
#define ROWS 12

/* What is done to sums before they are stored; arrays by output, or null. */
struct epilogue {
    const float *bias, *slope;
    /* As y, or null. */
    const float *residual;
    /* Of the last vector, the outputs that there are. */
    __mmask16 last;
};

/* y [rows, width 16] = v [rows, channels] u [channels, width 16]; a row of y begins `stride` floats after the one before. */
struct product {
    const float *v, *u;
    /* Weights that are needed next: they come from afar, and are fetched meanwhile. */
    const float *next;
    float *y;
    long rows, channels, stride, width;
};

/* Vectors of a panel. */
static inline long panelWidth(long outputs, long panel) {
    const long left = (outputs + 15) / 16 - panel * VECTORS;
    return left < VECTORS ? left : VECTORS;
}

/* `count` rows from `first` on. A step of the sum fetches `step` floats. */
INLINE void block(
    const struct product *p, const struct epilogue *e, long first, const float *next, long step, const int count,
    const int width) {
    const float *v = p->v + first * p->channels, *u = p->u;
    __m512 sums[ROWS][VECTORS];
    UNROLLED
    for (int i = 0; i < count; i++)
        UNROLLED
        for (int w = 0; w < width; w++) sums[i][w] = ALL(0);
    for (long channel = 0; channel < p->channels; channel++) {
        __m512 factors[VECTORS];
        /* A step is of two lines at most. */
        _mm_prefetch(next + channel * step, _MM_HINT_T1);
        _mm_prefetch(next + channel * step + 16, _MM_HINT_T1);
        UNROLLED
        for (int w = 0; w < width; w++) factors[w] = _mm512_loadu_ps(u + (channel * width + w) * 16);
        UNROLLED
        for (int i = 0; i < count; i++) {
            const __m512 one = ALL(v[i * p->channels + channel]);
            UNROLLED
            for (int w = 0; w < width; w++) sums[i][w] = _mm512_fmadd_ps(one, factors[w], sums[i][w]);
        }
    }
    float *y = p->y + first * p->stride;
    UNROLLED
    for (int w = 0; w < width; w++) {
        if (!e) {
            UNROLLED
            for (int i = 0; i < count; i++) _mm512_storeu_ps(y + i * p->stride + w * 16, sums[i][w]);
            continue;
        }
        const __mmask16 mask = w == width - 1 ? e->last : 0xFFFF;
        const __m512 bias = e->bias ? _mm512_maskz_loadu_ps(mask, e->bias + w * 16) : ALL(0);
        const __m512 slope = e->slope ? _mm512_maskz_loadu_ps(mask, e->slope + w * 16) : ALL(1);
        UNROLLED
        for (int i = 0; i < count; i++) {
            const long place = first * p->stride + i * p->stride + w * 16;
            __m512 value = _mm512_add_ps(sums[i][w], bias);
            if (e->residual) value = _mm512_add_ps(value, _mm512_maskz_loadu_ps(mask, e->residual + place));
            if (e->slope) value = sloped(value, slope);
            _mm512_mask_storeu_ps(p->y + place, mask, value);
        }
    }
}

/* The numbers of rows and vectors are known where the loops are compiled. */
#define CASE(count)                                                       \
    case count:                                                           \
        if (p->width == VECTORS) block(p, e, first, next, step, count, 2); \
        else block(p, e, first, next, step, count, 1);                    \
        break;

/* All rows, in blocks as alike as can be rather than a small one at the end. */
INLINE void productWith(const struct product *p, const struct epilogue *e) {
    const long blocks = (p->rows + ROWS - 1) / ROWS;
    const long share = (p->width * 16 + blocks - 1) / blocks;
    for (long index = 0; index < blocks; index++) {
        const long first = p->rows * index / blocks, count = p->rows * (index + 1) / blocks - first;
        const long step = index * share < p->width * 16 ? share : 0;
        const float *next = p->next + index * p->channels * share;
        switch (count) {
            CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12)
        }
    }
}
