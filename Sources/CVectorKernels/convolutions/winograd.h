#pragma once

#include "product.h"
#include "transforms.h"

/* Planes of a power of two bytes would share the sets of the cache. */
#define GAP 16

typedef struct semblance_winograd Problem;

typedef struct semblance_winograd_sizes Sizes;

/* Where a tile lies: its image, and its row and column among the tiles. */
struct place {
    long image, row, column;
};

INLINE struct place place(const Problem *p, long tile) {
    const long across = p->tiles_across, area = p->tiles_down * across;
    return (struct place){tile / area, tile % area / across, tile % across};
}

INLINE void inputs(const Problem *p, long first, long last, float *v, long plane, long pitch, const Form form) {
    const Sizes sizes = semblance_winograd_sizes(form);
    const struct semblance_image *x = &p->input;
    for (long tile = first; tile < last; tile++) {
        const struct place at = place(p, tile);
        const long top = at.row * sizes.step - p->top, left = at.column * sizes.step - p->left;
        const int isWhole =
            top >= 0 && left >= 0 && top + sizes.extent <= x->height && left + sizes.extent <= x->width;
        const float *corner =
            p->x + (at.image * x->channels * x->height * x->width + (top * x->width + left) * x->pixel);
        for (long channel = 0; channel < x->channels; channel += FLOATS) {
            const Vector scale = p->scale ? load(p->scale + channel) : splat(1);
            const Vector shift = p->scale ? load(p->shift + channel) : splat(0);
            const float *start = corner + channel / FLOATS * x->block;
            Vector half[POINTS][POINTS];
            UNROLLED
            for (int j = 0; j < sizes.extent; j++) {
                Vector d[POINTS], column[POINTS];
                UNROLLED
                for (int i = 0; i < sizes.extent; i++) {
                    const float *pixel = start + (i * x->width + j) * x->pixel;
                    const int isInside = isWhole
                        || (top + i >= 0 && top + i < x->height && left + j >= 0 && left + j < x->width);
                    d[i] = isInside ? load(pixel) : splat(0);
                    if (p->scale && isInside) d[i] = fused(d[i], scale, shift);
                }
                image(d, column, form);
                UNROLLED
                for (int i = 0; i < sizes.points; i++) half[i][j] = column[i];
            }
            float *target = v + (tile - first) * pitch + channel;
            UNROLLED
            for (int i = 0; i < sizes.points; i++) {
                Vector row[POINTS];
                image(half[i], row, form);
                UNROLLED
                for (int j = 0; j < sizes.points; j++) store(target + (i * sizes.points + j) * plane, row[j]);
            }
        }
    }
}

TARGET static void product(const struct product *p) { productWith(p, 0, PLAIN); }

INLINE void outputs(
    const Problem *p, long panel, long first, long last, const float *m, long plane, long width, const Form form) {
    const Sizes sizes = semblance_winograd_sizes(form);
    const struct semblance_image *y = &p->output;
    const Vector zero = splat(0);
    for (long tile = first; tile < last; tile++) {
        const struct place at = place(p, tile);
        const long top = at.row * sizes.outputs, left = at.column * sizes.outputs;
        const long corner = at.image * y->channels * y->height * y->width + (top * y->width + left) * y->pixel;
        for (long w = 0; w < width; w++) {
            const long vector = panel * VECTORS + w;
            const float *source = m + ((tile - first) * width + w) * FLOATS;
            Vector half[OUTPUTS][POINTS];
            UNROLLED
            for (int j = 0; j < sizes.points; j++) {
                Vector column[POINTS], sums[OUTPUTS];
                UNROLLED
                for (int i = 0; i < sizes.points; i++) column[i] = load(source + (i * sizes.points + j) * plane);
                result(column, sums, form);
                UNROLLED
                for (int i = 0; i < sizes.outputs; i++) half[i][j] = sums[i];
            }
            const Vector bias = p->bias ? load(p->bias + vector * FLOATS) : zero;
            const Vector slope = p->slope ? load(p->slope + vector * FLOATS) : splat(1);
            UNROLLED
            for (int i = 0; i < sizes.outputs; i++) {
                if (top + i >= y->height) break;
                Vector sums[OUTPUTS];
                result(half[i], sums, form);
                UNROLLED
                for (int j = 0; j < sizes.outputs; j++) {
                    if (left + j >= y->width) break;
                    const long place = corner + vector * y->block + (i * y->width + j) * y->pixel;
                    Vector value = sums[j] + bias;
                    if (p->residual) value = value + load(p->residual + place);
                    if (p->slope) value = sloped(value, slope);
                    store(p->y + place, value);
                }
            }
        }
    }
}

INLINE void weights(
    const float *w, long count, long channels, int isTurned, long panel, long width, float *u, const Form form) {
    const Sizes sizes = semblance_winograd_sizes(form);
    const long step = isTurned ? 9 : channels * 9, plane = channels * width * FLOATS + GAP;
    for (long vector = 0; vector < width; vector++)
        for (long channel = 0; channel < channels; channel++) {
            const float *start = w + (panel * VECTORS + vector) * FLOATS * step + channel * 9 * (isTurned ? count : 1);
            Vector half[PLANES][3];
            UNROLLED
            for (int j = 0; j < 3; j++) {
                Vector g[3], column[PLANES];
                UNROLLED
                for (int i = 0; i < 3; i++)
                    g[i] = gather(start + (isTurned ? 8 - 3 * i - j : 3 * i + j), step);
                filter(g[0], g[1], g[2], column, form);
                UNROLLED
                for (int i = 0; i < sizes.planes; i++) half[i][j] = column[i];
            }
            UNROLLED
            for (int i = 0; i < sizes.planes; i++) {
                Vector row[PLANES];
                filter(half[i][0], half[i][1], half[i][2], row, form);
                UNROLLED
                for (int j = 0; j < sizes.planes; j++)
                    store(u + (i * sizes.planes + j) * plane + (channel * width + vector) * FLOATS, row[j]);
            }
        }
}

/* The form is known where the loops are compiled. */
#define FOR_EACH_FORM(form, call)                                                 \
    switch (form) {                                                               \
        case SEMBLANCE_F2: call(SEMBLANCE_F2); break;                             \
        case SEMBLANCE_F4: call(SEMBLANCE_F4); break;                             \
        case SEMBLANCE_STRIDED: call(SEMBLANCE_STRIDED); break;                   \
        case SEMBLANCE_STRIDED_GRADIENT: call(SEMBLANCE_STRIDED_GRADIENT); break; \
    }

TARGET static void winogradWeights(
    const float *w, long outputs, long channels, int isTurned, Form form, long panel, float *u) {
    const long width = panelWidth(outputs, panel);
#define WEIGHTS(form) weights(w, outputs, channels, isTurned, panel, width, u, form)
    FOR_EACH_FORM(form, WEIGHTS)
}

TARGET static void winogradInputs(const Problem *p, long first, long last, float *v, long plane, long pitch) {
#define INPUTS(form) inputs(p, first, last, v, plane, pitch, form)
    FOR_EACH_FORM(p->form, INPUTS)
}

TARGET static void winogradOutputs(
    const Problem *p, long panel, long first, long last, const float *v, long plane, float *m) {
    const Sizes sizes = semblance_winograd_sizes(p->form);
    const int points = sizes.points * sizes.points;
    const long width = panelWidth(p->output.channels, panel), tiles = last - first, channels = p->input.channels;
    const long step = channels * width * FLOATS + GAP, mPlane = tiles * width * FLOATS + GAP;
    const float *u = p->weights + panel * sizes.planes * sizes.planes * (channels * PANEL + GAP);
    for (int point = 0; point < points; point++) {
        product(&(struct product){
            .v = v + point * plane, .u = u + semblance_winograd_plane(sizes, point) * step,
            .next = u + semblance_winograd_plane(sizes, point + 1) * step, .y = m + point * mPlane,
            .rows = tiles, .depth = channels, .stride = width * FLOATS, .width = width, .pitch = channels});
    }
#define RESULTS(form) outputs(p, panel, first, last, m, mPlane, width, form)
    FOR_EACH_FORM(p->form, RESULTS)
}
