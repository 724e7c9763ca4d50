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

/* Stores a vector of channels of `count` pixels, which begin at `to`. Pointers are read before that: as the compiler sees it, a store could change
   them. */
INLINE void finish(const struct semblance_depthwise *p, const Vector *sums, const long to, const long channel, const int count) {
    const long channels = p->channels;
    const float *residual = p->residual, *slopes = p->slope;
    float *y = p->y + to + channel;
    const Vector slope = slopes ? load(slopes + channel) : splat(1);
    if (residual) residual += to + channel;
    UNROLLED
    for (int i = 0; i < count; i++) {
        Vector value = sums[i];
        if (residual) value = value + load(residual + i * channels);
        if (slopes) value = sloped(value, slope);
        store(y + i * channels, value);
    }
}

/* A window of 3x3 without holes, where most are: a pixel is fetched once for all sums of a block that see it. */
INLINE void usualPixels(const struct semblance_depthwise *p, const struct pixel at, const int count, const int stride, const int isInside) {
    const long channels = p->channels, width = p->width;
    const long top = at.row * p->stride_height - p->top, left = at.column * stride - p->left;
    const long firstDown = top < 0 ? -top : 0, lastDown = p->height - top < 3 ? p->height - top : 3;
    const float *window = p->x + ((at.image * p->height + top) * width + left) * channels;
    const long to = ((at.image * p->output_height + at.row) * p->output_width + at.column) * channels;
    const float *biases = p->bias, *weights = p->weights;
    for (long channel = 0; channel < channels; channel += FLOATS) {
        Vector sums[COLUMNS];
        const Vector bias = biases ? load(biases + channel) : splat(0);
        UNROLLED
        for (int i = 0; i < count; i++) sums[i] = bias;
        for (long down = firstDown; down < lastDown; down++) {
            const float *from = window + down * width * channels + channel, *weight = weights + down * 3 * channels + channel;
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
        finish(p, sums, to, channel, count);
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

/* `across` is the stride of a usual window, 0 for any other. */
INLINE void pixels(const struct semblance_depthwise *p, const struct pixel at, const int count, const int across, const int isInside) {
    if (across) usualPixels(p, at, count, across, isInside);
    else anyPixels(p, at, count, isInside);
}

#define CASE(count)                                                      \
    case count:                                                          \
        if (isInside) pixels(p, at, count, across, 1);                   \
        else pixels(p, at, count, across, 0);                            \
        break;

/* Rows of the output, in blocks of pixels as alike as can be. */
INLINE void rows(const struct semblance_depthwise *p, long first, long last, const int across) {
    const long reach = (p->kernel_width - 1) * p->dilation_width, blocks = (p->output_width + COLUMNS - 1) / COLUMNS;
    for (long line = first; line < last; line++)
        for (long block = 0; block < blocks; block++) {
            const long column = p->output_width * block / blocks;
            const long count = p->output_width * (block + 1) / blocks - column;
            const struct pixel at = {line / p->output_height, line % p->output_height, column};
            const long left = column * p->stride_width - p->left;
            const int isInside = left >= 0 && left + (count - 1) * p->stride_width + reach < p->width;
            switch (count) { CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) }
        }
}

TARGET static void any(const struct semblance_depthwise *p, long first, long last) { rows(p, first, last, 0); }
TARGET static void usual(const struct semblance_depthwise *p, long first, long last) { rows(p, first, last, 1); }
TARGET static void halving(const struct semblance_depthwise *p, long first, long last) { rows(p, first, last, 2); }

void semblance_depthwise(const struct semblance_depthwise *p, long first, long last) {
    const int isUsual = p->kernel_height == 3 && p->kernel_width == 3 && p->dilation_height == 1
        && p->dilation_width == 1;
    (isUsual && p->stride_width == 1 ? usual : isUsual && p->stride_width == 2 ? halving : any)(p, first, last);
}
#else
void semblance_depthwise(const struct semblance_depthwise *p, long first, long last) {}
#endif
