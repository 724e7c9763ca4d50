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

/* The window of 3x3 without holes, where most are, is known where the loops are compiled; `across` is its stride, 0 for any other window. */
INLINE void pixels(const struct semblance_depthwise *p, const struct pixel at, const int count, const int across, const int isInside) {
    const long height = across ? 3 : p->kernel_height, width = across ? 3 : p->kernel_width;
    const long downStep = across ? 1 : p->dilation_height, rightStep = across ? 1 : p->dilation_width;
    const long stride = across ? across : p->stride_width, channels = p->channels;
    const long top = at.row * p->stride_height - p->top, left = at.column * stride - p->left;
    const float *x = p->x + at.image * p->height * p->width * channels;
    const long place = ((at.image * p->output_height + at.row) * p->output_width + at.column) * channels;
    for (long channel = 0; channel < channels; channel += FLOATS) {
        Vector sums[COLUMNS];
        const Vector bias = p->bias ? load(p->bias + channel) : splat(0);
        UNROLLED
        for (int i = 0; i < count; i++) sums[i] = bias;
        for (long down = 0; down < height; down++) {
            const long y = top + down * downStep;
            if (y < 0 || y >= p->height) continue;
            const float *line = x + (y * p->width + left) * channels + channel;
            const float *weight = p->weights + down * width * channels + channel;
            for (long right = 0; right < width; right++) {
                const Vector factor = load(weight + right * channels);
                const long start = right * rightStep;
                UNROLLED
                for (int i = 0; i < count; i++) {
                    const long column = start + i * stride;
                    if (!isInside && (left + column < 0 || left + column >= p->width)) continue;
                    sums[i] = fused(factor, load(line + column * channels), sums[i]);
                }
            }
        }
        const Vector slope = p->slope ? load(p->slope + channel) : splat(1);
        UNROLLED
        for (int i = 0; i < count; i++) {
            const long to = place + i * channels + channel;
            Vector value = sums[i];
            if (p->residual) value = value + load(p->residual + to);
            if (p->slope) value = sloped(value, slope);
            store(p->y + to, value);
        }
    }
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
