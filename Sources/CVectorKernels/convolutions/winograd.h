#pragma once

#include "product.h"
#include "transforms.h"

/* Planes of a power of two bytes would share the sets of the cache. */
#define GAP 16

typedef struct semblance_winograd Problem;

/* Where a tile lies: its image, and its first row and column of the output. */
struct place {
    long image, row, column;
};

INLINE struct place place(const Problem *p, long tile, const int side) {
    const long across = p->tiles_across, area = p->tiles_down * across;
    return (struct place){tile / area, tile % area / across * (side - 2), tile % across * (side - 2)};
}

INLINE void inputs(const Problem *p, long first, long last, float *v, long plane, long pitch, const int side) {
    const struct semblance_image *x = &p->input;
    for (long tile = first; tile < last; tile++) {
        const struct place at = place(p, tile, side);
        const long top = at.row - p->top, left = at.column - p->left;
        const int isWhole = top >= 0 && left >= 0 && top + side <= x->height && left + side <= x->width;
        const float *corner =
            p->x + (at.image * x->channels * x->height * x->width + (top * x->width + left) * x->pixel);
        for (long channel = 0; channel < x->channels; channel += FLOATS) {
            const Vector scale = p->scale ? load(p->scale + channel) : splat(1);
            const Vector shift = p->scale ? load(p->shift + channel) : splat(0);
            const float *start = corner + channel / FLOATS * x->block;
            Vector half[6][6];
            UNROLLED
            for (int j = 0; j < side; j++) {
                Vector d[6], column[6];
                UNROLLED
                for (int i = 0; i < side; i++) {
                    const float *pixel = start + (i * x->width + j) * x->pixel;
                    const int isInside = isWhole
                        || (top + i >= 0 && top + i < x->height && left + j >= 0 && left + j < x->width);
                    d[i] = isInside ? load(pixel) : splat(0);
                    if (p->scale && isInside) d[i] = fused(d[i], scale, shift);
                }
                image(d, column, side);
                UNROLLED
                for (int i = 0; i < side; i++) half[i][j] = column[i];
            }
            float *target = v + (tile - first) * pitch + channel;
            UNROLLED
            for (int i = 0; i < side; i++) {
                Vector row[6];
                image(half[i], row, side);
                UNROLLED
                for (int j = 0; j < side; j++) store(target + (i * side + j) * plane, row[j]);
            }
        }
    }
}

TARGET static void product(const struct product *p) { productWith(p, 0, PLAIN); }

INLINE void outputs(
    const Problem *p, long panel, long first, long last, const float *m, long plane, long width, const int side) {
    const int out = side - 2;
    const struct semblance_image *y = &p->output;
    const Vector zero = splat(0);
    for (long tile = first; tile < last; tile++) {
        const struct place at = place(p, tile, side);
        const long corner = at.image * y->channels * y->height * y->width + (at.row * y->width + at.column) * y->pixel;
        for (long w = 0; w < width; w++) {
            const long vector = panel * VECTORS + w;
            const float *source = m + ((tile - first) * width + w) * FLOATS;
            Vector half[4][6];
            UNROLLED
            for (int j = 0; j < side; j++) {
                Vector column[6], sums[4];
                UNROLLED
                for (int i = 0; i < side; i++) column[i] = load(source + (i * side + j) * plane);
                result(column, sums, side);
                UNROLLED
                for (int i = 0; i < out; i++) half[i][j] = sums[i];
            }
            const Vector bias = p->bias ? load(p->bias + vector * FLOATS) : zero;
            const Vector slope = p->slope ? load(p->slope + vector * FLOATS) : splat(1);
            UNROLLED
            for (int i = 0; i < out; i++) {
                if (at.row + i >= y->height) break;
                Vector sums[4];
                result(half[i], sums, side);
                UNROLLED
                for (int j = 0; j < out; j++) {
                    if (at.column + j >= y->width) break;
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
    const float *w, long count, long channels, int isTurned, long panel, long width, float *u, const int side) {
    const long step = isTurned ? 9 : channels * 9, plane = channels * width * FLOATS + GAP;
    for (long vector = 0; vector < width; vector++)
        for (long channel = 0; channel < channels; channel++) {
            const float *start = w + (panel * VECTORS + vector) * FLOATS * step + channel * 9 * (isTurned ? count : 1);
            Vector half[6][3];
            UNROLLED
            for (int j = 0; j < 3; j++) {
                Vector g[3], column[6];
                UNROLLED
                for (int i = 0; i < 3; i++)
                    g[i] = gather(start + (isTurned ? 8 - 3 * i - j : 3 * i + j), step);
                filter(g[0], g[1], g[2], column, side);
                UNROLLED
                for (int i = 0; i < side; i++) half[i][j] = column[i];
            }
            UNROLLED
            for (int i = 0; i < side; i++) {
                Vector row[6];
                filter(half[i][0], half[i][1], half[i][2], row, side);
                UNROLLED
                for (int j = 0; j < side; j++)
                    store(u + (i * side + j) * plane + (channel * width + vector) * FLOATS, row[j]);
            }
        }
}

TARGET static void winogradWeights(
    const float *w, long outputs, long channels, int isTurned, int side, long panel, float *u) {
    const long width = panelWidth(outputs, panel);
    if (side == 4) weights(w, outputs, channels, isTurned, panel, width, u, 4);
    else weights(w, outputs, channels, isTurned, panel, width, u, 6);
}

TARGET static void winogradInputs(const Problem *p, long first, long last, float *v, long plane, long pitch) {
    if (p->side == 4) inputs(p, first, last, v, plane, pitch, 4);
    else inputs(p, first, last, v, plane, pitch, 6);
}

TARGET static void winogradOutputs(
    const Problem *p, long panel, long first, long last, const float *v, long plane, float *m) {
    const long width = panelWidth(p->output.channels, panel), tiles = last - first, channels = p->input.channels;
    const long step = channels * width * FLOATS + GAP, mPlane = tiles * width * FLOATS + GAP;
    const float *u = p->weights + panel * p->side * p->side * (channels * PANEL + GAP);
    for (int t = 0; t < p->side * p->side; t++)
        product(&(struct product){
            .v = v + t * plane, .u = u + t * step, .next = u + (t + 1) * step, .y = m + t * mPlane,
            .rows = tiles, .depth = channels, .stride = width * FLOATS, .width = width, .pitch = channels});
    if (p->side == 4) outputs(p, panel, first, last, m, mPlane, width, 4);
    else outputs(p, panel, first, last, m, mPlane, width, 6);
}
