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

/* Of few channels, weights for four vectors stay in the first cache beside the image, and take fewer loads than two panels of two. As the number of
   channels is known where the loops are compiled, rows need no addresses of their own. */
#define NARROW 4
#define SUMS 24

/* `count` rows from `row` on. */
INLINE void narrowBlock(
    const struct semblance_pointwise *p, const long panel, const long row, const int channels, const int width, const int count) {
    const long outputs = p->outputs, start = panel * NARROW * FLOATS, place = row * outputs + start;
    const float *x = p->x + row * channels, *u = p->weights + start * channels;
    const float *biases = p->bias, *slopes = p->slope, *residual = p->residual;
    float *y = p->y + place;
    Vector sums[SUMS];
    UNROLLED
    for (int i = 0; i < count * width; i++) sums[i] = splat(0);
    /* The rows after the next ones. */
    UNROLLED
    for (int line = 0; line < count * channels / 16; line++) _mm_prefetch(x + 2 * count * channels + line * 16, _MM_HINT_T0);
    for (int d = 0; d < channels; d++) {
        Vector factors[NARROW];
        UNROLLED
        for (int w = 0; w < width; w++) factors[w] = load(u + (d * width + w) * FLOATS);
        UNROLLED
        for (int i = 0; i < count; i++) {
            const Vector one = splat(x[i * channels + d]);
            UNROLLED
            for (int w = 0; w < width; w++) sums[i * width + w] = fused(one, factors[w], sums[i * width + w]);
        }
    }
    UNROLLED
    for (int w = 0; w < width; w++) {
        const long from = start + w * FLOATS, there = outputs - from < FLOATS ? outputs - from : FLOATS;
        const Vector bias = biases ? loadFirst(biases + from, there) : splat(0);
        const Vector slope = slopes ? loadFirst(slopes + from, there) : splat(1);
        UNROLLED
        for (int i = 0; i < count; i++) {
            const long to = i * outputs + w * FLOATS;
            Vector value = sums[i * width + w] + bias;
            if (residual) value = value + loadFirst(residual + place + to, there);
            if (slopes) value = sloped(value, slope);
            storeFirst(y + to, there, value);
        }
    }
}

/* All rows; those that make no whole block once more with others. */
INLINE void narrowPanel(
    const struct semblance_pointwise *p, const long panel, const long first, const long last, const int channels, const int width) {
    const int count = SUMS / width;
    if (last - first < count) {
        for (long row = first; row < last; row++) narrowBlock(p, panel, row, channels, width, 1);
        return;
    }
    for (long row = first; row < last; row += count)
        narrowBlock(p, panel, row + count <= last ? row : last - count, channels, width, count);
}

INLINE void narrowRows(const struct semblance_pointwise *p, const long panel, const long first, const long last, const int channels) {
    const long vectors = (p->outputs + FLOATS - 1) / FLOATS - panel * NARROW;
    switch (vectors < NARROW ? vectors : NARROW) {
        case 1: narrowPanel(p, panel, first, last, channels, 1); break;
        case 2: narrowPanel(p, panel, first, last, channels, 2); break;
        case 3: narrowPanel(p, panel, first, last, channels, 3); break;
        case 4: narrowPanel(p, panel, first, last, channels, 4); break;
    }
}

#define NARROW_ROWS(channels)                                                                                   \
    TARGET static void rows##channels(const struct semblance_pointwise *p, long panel, long first, long last) { \
        narrowRows(p, panel, first, last, channels);                                                            \
    }
NARROW_ROWS(16)
NARROW_ROWS(32)
NARROW_ROWS(64)
NARROW_ROWS(128)

typedef void (*Rows)(const struct semblance_pointwise *p, long panel, long first, long last);

/* Null for any other number of channels. */
static Rows narrow(long channels) {
    switch (channels) {
        case 16: return rows16;
        case 32: return rows32;
        case 64: return rows64;
        case 128: return rows128;
        default: return 0;
    }
}

long semblance_pointwise_panel(long channels) { return narrow(channels) ? NARROW * FLOATS : PANEL; }

void semblance_pointwise(const struct semblance_pointwise *p, long panel, long first, long last) {
    const Rows known = narrow(p->channels);
    (known ? known : rows)(p, panel, first, last);
}
#else
long semblance_pointwise_panel(long channels) { return 32; }
void semblance_pointwise(const struct semblance_pointwise *p, long panel, long first, long last) {}
#endif
