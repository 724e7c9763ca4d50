#include "../include/CVectorKernels.h"

#if defined(__x86_64__)
#include "avx512.h"

#include "../unrolled.h"
#include "activation.h"

/* Pixels side by side that are computed together: enough sums to hide the latency of each. */
#define COLUMNS 8

/* Where `count` pixels of a row of the output begin. */
struct pixel {
    long image, row, column;
};

/* Stores a vector of channels of `count` pixels, which begin at `to`. */
INLINE void finish(const struct semblance_depthwise *p, const Vector *sums, const long to, const long channel, const int count) {
    const Vector slope = p->slope ? load(p->slope + channel) : splat(1);
    UNROLLED
    for (int i = 0; i < count; i++) {
        const long place = to + i * p->channels + channel;
        Vector value = sums[i];
        if (p->residual) value = value + load(p->residual + place);
        if (p->slope) value = sloped(value, slope);
        store(p->y + place, value);
    }
}

/* The sums of a window of 3x3 without holes, where most are: a pixel is fetched once for all of a block that see it. */
INLINE void usualSums(
    const struct semblance_depthwise *p, const struct pixel at, const long channel, const int count, const int stride, const int isInside,
    Vector *sums) {
    const long channels = p->channels, width = p->width;
    const long top = at.row * p->stride_height - p->top, left = at.column * stride - p->left;
    const long firstDown = top < 0 ? -top : 0, lastDown = p->height - top < 3 ? p->height - top : 3;
    const float *window = p->x + ((at.image * p->height + top) * width + left) * channels + channel;
    const Vector bias = p->bias ? load(p->bias + channel) : splat(0);
    UNROLLED
    for (int i = 0; i < count; i++) sums[i] = bias;
    for (long down = firstDown; down < lastDown; down++) {
        const float *from = window + down * width * channels, *weight = p->weights + down * 3 * channels + channel;
        const Vector factors[3] = {load(weight), load(weight + channels), load(weight + 2 * channels)};
        UNROLLED
        for (int column = 0; column < (count - 1) * stride + 3; column++, from += channels) {
            if (!isInside && (left + column < 0 || left + column >= width)) continue;
            const Vector one = load(from);
            UNROLLED
            for (int right = 0; right < 3; right++) {
                const int i = (column - right) / stride;
                if (column >= right && i < count && i * stride == column - right) sums[i] = fused(factors[right], one, sums[i]);
            }
        }
    }
}

INLINE void usualPixels(const struct semblance_depthwise *p, const struct pixel at, const int count, const int stride, const int isInside) {
    const long channels = p->channels;
    const long to = ((at.image * p->output_height + at.row) * p->output_width + at.column) * channels;
    for (long channel = 0; channel < channels; channel += FLOATS) {
        Vector sums[COLUMNS];
        usualSums(p, at, channel, count, stride, isInside, sums);
        finish(p, sums, to, channel, count);
    }
}

/* The larger; a NaN wins over every number. */
INLINE Vector larger(Vector x, Vector y) {
    return _mm512_mask_mov_ps(maximum(x, y), _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), x);
}

/* Of `count` pixels from here on, and those below them, the largest of each square of four. */
INLINE void pooledPixels(const struct semblance_depthwise *p, const struct pixel at, const int count, const int isInside) {
    const long channels = p->channels;
    const struct pixel below = {at.image, at.row + 1, at.column};
    float *y = p->y + ((at.image * (p->output_height / 2) + at.row / 2) * (p->output_width / 2) + at.column / 2) * channels;
    for (long channel = 0; channel < channels; channel += FLOATS) {
        Vector upper[COLUMNS], lower[COLUMNS];
        usualSums(p, at, channel, count, 1, isInside, upper);
        usualSums(p, below, channel, count, 1, isInside, lower);
        const Vector slope = p->slope ? load(p->slope + channel) : splat(1);
        UNROLLED
        for (int i = 0; i < count; i += 2) {
            const Vector value = larger(larger(upper[i], upper[i + 1]), larger(lower[i], lower[i + 1]));
            store(y + i / 2 * channels + channel, p->slope ? sloped(value, slope) : value);
        }
    }
}

INLINE void anyPixels(const struct semblance_depthwise *p, const struct pixel at, const int count, const int isInside) {
    const long channels = p->channels;
    const long top = at.row * p->stride_height - p->top, left = at.column * p->stride_width - p->left;
    const float *x = p->x + at.image * p->height * p->width * channels;
    const long to = ((at.image * p->output_height + at.row) * p->output_width + at.column) * channels;
    for (long channel = 0; channel < channels; channel += FLOATS) {
        Vector sums[COLUMNS];
        const Vector bias = p->bias ? load(p->bias + channel) : splat(0);
        UNROLLED
        for (int i = 0; i < count; i++) sums[i] = bias;
        for (long down = 0; down < p->kernel_height; down++) {
            const long y = top + down * p->dilation_height;
            if (y < 0 || y >= p->height) continue;
            const float *line = x + (y * p->width + left) * channels + channel;
            const float *weight = p->weights + down * p->kernel_width * channels + channel;
            for (long right = 0; right < p->kernel_width; right++) {
                const Vector factor = load(weight + right * channels);
                const long start = right * p->dilation_width;
                UNROLLED
                for (int i = 0; i < count; i++) {
                    const long column = start + i * p->stride_width;
                    if (!isInside && (left + column < 0 || left + column >= p->width)) continue;
                    sums[i] = fused(factor, load(line + column * channels), sums[i]);
                }
            }
        }
        finish(p, sums, to, channel, count);
    }
}

/* What is known of a window where the loops are compiled. */
enum kind {
    ANY,
    /* 3x3 without holes, with steps of one and of two columns. */
    USUAL, HALVING,
    /* As USUAL, with the pooling. */
    POOLED
};

INLINE void pixels(const struct semblance_depthwise *p, const struct pixel at, const int count, const enum kind kind, const int isInside) {
    switch (kind) {
        case ANY: anyPixels(p, at, count, isInside); break;
        case USUAL: usualPixels(p, at, count, 1, isInside); break;
        case HALVING: usualPixels(p, at, count, 2, isInside); break;
        case POOLED: pooledPixels(p, at, count, isInside); break;
    }
}

#define CASE(count)                                                      \
    case count:                                                          \
        if (count % square) break;                                       \
        if (isInside) pixels(p, at, count, kind, 1);                     \
        else pixels(p, at, count, kind, 0);                              \
        break;

/* Rows of y, in blocks of pixels as alike as can be. Of the problem a copy: as the compiler sees it, any store could change the other. */
INLINE void rows(const struct semblance_depthwise *problem, long first, long last, const enum kind kind) {
    const struct semblance_depthwise copy = *problem, *p = &copy;
    /* Rows and columns of sums that become one of y. */
    const int square = kind == POOLED ? 2 : 1;
    const long height = p->output_height / square, width = p->output_width / square;
    const long reach = (p->kernel_width - 1) * p->dilation_width, blocks = (width * square + COLUMNS - 1) / COLUMNS;
    for (long line = first; line < last; line++)
        for (long block = 0; block < blocks; block++) {
            const long column = width * block / blocks * square;
            const long count = width * (block + 1) / blocks * square - column;
            const struct pixel at = {line / height, line % height * square, column};
            const long left = column * p->stride_width - p->left;
            const int isInside = left >= 0 && left + (count - 1) * p->stride_width + reach < p->width;
            switch (count) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) }
        }
}

TARGET static void any(const struct semblance_depthwise *p, long first, long last) { rows(p, first, last, ANY); }
TARGET static void usual(const struct semblance_depthwise *p, long first, long last) { rows(p, first, last, USUAL); }
TARGET static void halving(const struct semblance_depthwise *p, long first, long last) { rows(p, first, last, HALVING); }
TARGET static void pooled(const struct semblance_depthwise *p, long first, long last) { rows(p, first, last, POOLED); }

void semblance_depthwise(const struct semblance_depthwise *p, long first, long last) {
    const int isUsual = p->kernel_height == 3 && p->kernel_width == 3 && p->dilation_height == 1
        && p->dilation_width == 1;
    if (p->pools) return pooled(p, first, last);
    (isUsual && p->stride_width == 1 ? usual : isUsual && p->stride_width == 2 ? halving : any)(p, first, last);
}
#else
void semblance_depthwise(const struct semblance_depthwise *p, long first, long last) {}
#endif
