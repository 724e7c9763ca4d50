#pragma once

#include "winograd.h"

/* The gradient of the weights of a convolution by Winograd, which turns the same filtering around: the sums over all tiles of products of transformed
   image and transformed gradient of the output. */

/* Of tiles first..<last; `start` is the first of the `count` that d holds. */
INLINE void gradients(
    const Problem *p, const float *dy, long first, long last, float *d, long plane, long start, long count,
    const Form form) {
    const Sizes sizes = semblance_winograd_sizes(form);
    const struct semblance_image *y = &p->output;
    const long vectors = y->channels / FLOATS;
    for (long tile = first; tile < last; tile++) {
        const struct place at = place(p, tile);
        const long top = at.row * sizes.outputs, left = at.column * sizes.outputs;
        const long corner = at.image * y->channels * y->height * y->width + (top * y->width + left) * y->pixel;
        for (long vector = 0; vector < vectors; vector++) {
            const long panel = vector / VECTORS, width = panelWidth(y->channels, panel);
            float *target = d + panel * count * PANEL + ((tile - start) * width + vector % VECTORS) * FLOATS;
            Vector half[POINTS][OUTPUTS];
            UNROLLED
            for (int j = 0; j < sizes.outputs; j++) {
                Vector column[OUTPUTS], sums[POINTS];
                UNROLLED
                for (int i = 0; i < sizes.outputs; i++) {
                    const int isInside = top + i < y->height && left + j < y->width;
                    const long pixel = corner + vector * y->block + (i * y->width + j) * y->pixel;
                    column[i] = isInside ? load(dy + pixel) : splat(0);
                }
                gradient(column, sums, form);
                UNROLLED
                for (int i = 0; i < sizes.points; i++) half[i][j] = sums[i];
            }
            UNROLLED
            for (int i = 0; i < sizes.points; i++) {
                Vector row[POINTS];
                gradient(half[i], row, form);
                UNROLLED
                for (int j = 0; j < sizes.points; j++) store(target + (i * sizes.points + j) * plane, row[j]);
            }
        }
    }
}

INLINE void results(const Problem *p, long panel, const float *s, long plane, float *dw, const Form form) {
    const Sizes sizes = semblance_winograd_sizes(form);
    const long channels = p->input.channels, width = panelWidth(p->output.channels, panel);
    for (long channel = 0; channel < channels; channel++)
        for (long w = 0; w < width; w++) {
            const float *source = s + panel * channels * PANEL + (channel * width + w) * FLOATS;
            Vector half[3][PLANES];
            UNROLLED
            for (int j = 0; j < sizes.planes; j++) {
                Vector column[PLANES], sums[3];
                UNROLLED
                for (int i = 0; i < sizes.planes; i++) column[i] = load(source + (i * sizes.planes + j) * plane);
                filterGradient(column, sums, form);
                UNROLLED
                for (int i = 0; i < 3; i++) half[i][j] = sums[i];
            }
            float taps[9][FLOATS];
            UNROLLED
            for (int i = 0; i < 3; i++) {
                Vector row[3];
                filterGradient(half[i], row, form);
                UNROLLED
                for (int j = 0; j < 3; j++) store(taps[3 * i + j], row[j]);
            }
            float *target = dw + ((panel * VECTORS + w) * FLOATS * channels + channel) * 9;
            for (int lane = 0; lane < FLOATS; lane++)
                UNROLLED
                for (int tap = 0; tap < 9; tap++) target[lane * channels * 9 + tap] = taps[tap][lane];
        }
}

TARGET static void winogradGradients(
    const Problem *p, const float *dy, long first, long last, float *d, long plane, long start, long count) {
#define GRADIENTS(form) gradients(p, dy, first, last, d, plane, start, count, form)
    FOR_EACH_FORM(p->form, GRADIENTS)
}

TARGET static void winogradSums(
    const Problem *p, const float *v, long pitch, const float *d, long count, int isFirst, float *s) {
    const long channels = p->input.channels, outputs = p->output.channels;
    for (long panel = 0; panel * PANEL < outputs; panel++) {
        const long width = panelWidth(outputs, panel);
        const float *u = d + panel * count * PANEL;
        const struct product product = {
            .v = v, .u = u, .next = u + count * PANEL, .y = s + panel * channels * PANEL,
            .rows = channels, .depth = count, .stride = width * FLOATS, .width = width, .pitch = pitch, .isFirst = isFirst};
        productWith(&product, 0, ADDING);
    }
}

TARGET static void winogradResults(const Problem *p, long panel, const float *s, long plane, float *dw) {
#define WEIGHT_RESULTS(form) results(p, panel, s, plane, dw, form)
    FOR_EACH_FORM(p->form, WEIGHT_RESULTS)
}
