#include "include/CVectorKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "product.h"

/* Planes of a power of two bytes would share the sets of the cache. */
#define GAP 16

typedef struct semblance_winograd Problem;

/* F(2 x 2, 3 x 3) interpolates at 0, 1, -1 and infinity, F(4 x 4, 3 x 3) at 0, A, -A, B, -B and infinity: these are exact in single precision,
   as all of their products here are, and round half as much as the usual 1 and 2. */
#define A 0.625f
#define B 1.5f
#define AA (A * A)
#define BB (B * B)
/* B^T d, for `side` values. */
INLINE void image(const __m512 *d, __m512 *v, const int side) {
    if (side == 4) {
        v[0] = _mm512_sub_ps(d[0], d[2]);
        v[1] = _mm512_add_ps(d[1], d[2]);
        v[2] = _mm512_sub_ps(d[2], d[1]);
        v[3] = _mm512_sub_ps(d[3], d[1]);
        return;
    }
    const __m512 evenA = _mm512_fmadd_ps(ALL(-BB), d[2], d[4]), oddA = _mm512_fmadd_ps(ALL(-BB), d[1], d[3]);
    const __m512 evenB = _mm512_fmadd_ps(ALL(-AA), d[2], d[4]), oddB = _mm512_fmadd_ps(ALL(-AA), d[1], d[3]);
    v[0] = _mm512_fmadd_ps(ALL(AA * BB), d[0], _mm512_fmadd_ps(ALL(-(AA + BB)), d[2], d[4]));
    v[1] = _mm512_fmadd_ps(ALL(A), oddA, evenA);
    v[2] = _mm512_fmadd_ps(ALL(-A), oddA, evenA);
    v[3] = _mm512_fmadd_ps(ALL(B), oddB, evenB);
    v[4] = _mm512_fmadd_ps(ALL(-B), oddB, evenB);
    v[5] = _mm512_fmadd_ps(ALL(AA * BB), d[1], _mm512_fmadd_ps(ALL(-(AA + BB)), d[3], d[5]));
}

/* G g, to `side` values. */
INLINE void filter(__m512 g0, __m512 g1, __m512 g2, __m512 *u, const int side) {
    if (side == 4) {
        const __m512 half = ALL(0.5f), even = _mm512_add_ps(g0, g2);
        u[0] = g0;
        u[1] = _mm512_mul_ps(half, _mm512_add_ps(even, g1));
        u[2] = _mm512_mul_ps(half, _mm512_sub_ps(even, g1));
        u[3] = g2;
        return;
    }
    const __m512 evenA = _mm512_fmadd_ps(ALL(AA), g2, g0), scaleA = ALL(1 / (2 * AA * (AA - BB)));
    const __m512 evenB = _mm512_fmadd_ps(ALL(BB), g2, g0), scaleB = ALL(1 / (2 * BB * (BB - AA)));
    u[0] = _mm512_mul_ps(g0, ALL(1 / (AA * BB)));
    u[1] = _mm512_mul_ps(scaleA, _mm512_fmadd_ps(ALL(A), g1, evenA));
    u[2] = _mm512_mul_ps(scaleA, _mm512_fmadd_ps(ALL(-A), g1, evenA));
    u[3] = _mm512_mul_ps(scaleB, _mm512_fmadd_ps(ALL(B), g1, evenB));
    u[4] = _mm512_mul_ps(scaleB, _mm512_fmadd_ps(ALL(-B), g1, evenB));
    u[5] = g2;
}

/* A^T m, from `side` values. */
INLINE void result(const __m512 *m, __m512 *y, const int side) {
    const __m512 sumA = _mm512_add_ps(m[1], m[2]), differenceA = _mm512_sub_ps(m[1], m[2]);
    if (side == 4) {
        y[0] = _mm512_add_ps(m[0], sumA);
        y[1] = _mm512_add_ps(differenceA, m[3]);
        return;
    }
    const __m512 sumB = _mm512_add_ps(m[3], m[4]), differenceB = _mm512_sub_ps(m[3], m[4]);
    y[0] = _mm512_add_ps(m[0], _mm512_add_ps(sumA, sumB));
    y[1] = _mm512_fmadd_ps(ALL(A), differenceA, _mm512_mul_ps(ALL(B), differenceB));
    y[2] = _mm512_fmadd_ps(ALL(AA), sumA, _mm512_mul_ps(ALL(BB), sumB));
    y[3] = _mm512_fmadd_ps(ALL(A * AA), differenceA, _mm512_fmadd_ps(ALL(B * BB), differenceB, m[5]));
}

/* Where a tile lies: its image, and its first row and column of the output. */
struct place {
    long image, row, column;
};

INLINE struct place place(const Problem *p, long tile, const int side) {
    const long across = p->tiles_across, area = p->tiles_down * across;
    return (struct place){tile / area, tile % area / across * (side - 2), tile % across * (side - 2)};
}

INLINE void inputs(const Problem *p, long first, long last, float *v, long plane, const int side) {
    const struct semblance_image *x = &p->input;
    for (long tile = first; tile < last; tile++) {
        const struct place at = place(p, tile, side);
        const long top = at.row - p->top, left = at.column - p->left;
        const int isWhole = top >= 0 && left >= 0 && top + side <= x->height && left + side <= x->width;
        const float *corner =
            p->x + (at.image * x->channels * x->height * x->width + (top * x->width + left) * x->pixel);
        for (long channel = 0; channel < x->channels; channel += 16) {
            const __m512 scale = p->scale ? _mm512_loadu_ps(p->scale + channel) : ALL(1);
            const __m512 shift = p->scale ? _mm512_loadu_ps(p->shift + channel) : ALL(0);
            const float *start = corner + channel / 16 * x->block;
            __m512 half[6][6];
            UNROLLED
            for (int j = 0; j < side; j++) {
                __m512 d[6], column[6];
                UNROLLED
                for (int i = 0; i < side; i++) {
                    const float *pixel = start + (i * x->width + j) * x->pixel;
                    const int isInside = isWhole
                        || (top + i >= 0 && top + i < x->height && left + j >= 0 && left + j < x->width);
                    d[i] = isInside ? _mm512_loadu_ps(pixel) : ALL(0);
                    if (p->scale && isInside) d[i] = _mm512_fmadd_ps(d[i], scale, shift);
                }
                image(d, column, side);
                UNROLLED
                for (int i = 0; i < side; i++) half[i][j] = column[i];
            }
            float *target = v + (tile - first) * x->channels + channel;
            UNROLLED
            for (int i = 0; i < side; i++) {
                __m512 row[6];
                image(half[i], row, side);
                UNROLLED
                for (int j = 0; j < side; j++) _mm512_storeu_ps(target + (i * side + j) * plane, row[j]);
            }
        }
    }
}

AVX512 static void product(const struct product *p) { productWith(p, 0); }

INLINE void outputs(
    const Problem *p, long panel, long first, long last, const float *m, long plane, long width, const int side) {
    const int out = side - 2;
    const struct semblance_image *y = &p->output;
    const __m512 zero = ALL(0);
    for (long tile = first; tile < last; tile++) {
        const struct place at = place(p, tile, side);
        const long corner = at.image * y->channels * y->height * y->width + (at.row * y->width + at.column) * y->pixel;
        for (long w = 0; w < width; w++) {
            const long vector = panel * VECTORS + w;
            const float *source = m + ((tile - first) * width + w) * 16;
            __m512 half[4][6];
            UNROLLED
            for (int j = 0; j < side; j++) {
                __m512 column[6], sums[4];
                UNROLLED
                for (int i = 0; i < side; i++) column[i] = _mm512_loadu_ps(source + (i * side + j) * plane);
                result(column, sums, side);
                UNROLLED
                for (int i = 0; i < out; i++) half[i][j] = sums[i];
            }
            const __m512 bias = p->bias ? _mm512_loadu_ps(p->bias + vector * 16) : zero;
            const __m512 slope = p->slope ? _mm512_loadu_ps(p->slope + vector * 16) : ALL(1);
            UNROLLED
            for (int i = 0; i < out; i++) {
                if (at.row + i >= y->height) break;
                __m512 sums[4];
                result(half[i], sums, side);
                UNROLLED
                for (int j = 0; j < out; j++) {
                    if (at.column + j >= y->width) break;
                    const long place = corner + vector * y->block + (i * y->width + j) * y->pixel;
                    __m512 value = _mm512_add_ps(sums[j], bias);
                    if (p->residual) value = _mm512_add_ps(value, _mm512_loadu_ps(p->residual + place));
                    if (p->slope) value = sloped(value, slope);
                    _mm512_storeu_ps(p->y + place, value);
                }
            }
        }
    }
}

INLINE void weights(
    const float *w, long count, long channels, int isTurned, long panel, long width, float *u, const int side) {
    const long step = isTurned ? 9 : channels * 9, plane = channels * width * 16 + GAP;
    const __m512i lanes = _mm512_mullo_epi32(
        _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0), _mm512_set1_epi32((int)step));
    for (long vector = 0; vector < width; vector++)
        for (long channel = 0; channel < channels; channel++) {
            const float *start = w + (panel * VECTORS + vector) * 16 * step + channel * 9 * (isTurned ? count : 1);
            __m512 half[6][3];
            UNROLLED
            for (int j = 0; j < 3; j++) {
                __m512 g[3], column[6];
                UNROLLED
                for (int i = 0; i < 3; i++)
                    g[i] = _mm512_i32gather_ps(lanes, start + (isTurned ? 8 - 3 * i - j : 3 * i + j), 4);
                filter(g[0], g[1], g[2], column, side);
                UNROLLED
                for (int i = 0; i < side; i++) half[i][j] = column[i];
            }
            UNROLLED
            for (int i = 0; i < side; i++) {
                __m512 row[6];
                filter(half[i][0], half[i][1], half[i][2], row, side);
                UNROLLED
                for (int j = 0; j < side; j++)
                    _mm512_storeu_ps(u + (i * side + j) * plane + (channel * width + vector) * 16, row[j]);
            }
        }
}

/* The size of a tile is known where the loops are compiled. */
AVX512 static void inputs2(const Problem *p, long first, long last, float *v, long plane) {
    inputs(p, first, last, v, plane, 4);
}
AVX512 static void inputs4(const Problem *p, long first, long last, float *v, long plane) {
    inputs(p, first, last, v, plane, 6);
}
AVX512 static void outputs2(
    const Problem *p, long panel, long first, long last, const float *m, long plane, long width) {
    outputs(p, panel, first, last, m, plane, width, 4);
}
AVX512 static void outputs4(
    const Problem *p, long panel, long first, long last, const float *m, long plane, long width) {
    outputs(p, panel, first, last, m, plane, width, 6);
}
AVX512 static void weights2(
    const float *w, long count, long channels, int isTurned, long panel, long width, float *u) {
    weights(w, count, channels, isTurned, panel, width, u, 4);
}
AVX512 static void weights4(
    const float *w, long count, long channels, int isTurned, long panel, long width, float *u) {
    weights(w, count, channels, isTurned, panel, width, u, 6);
}

int semblance_has_convolutions(void) { return __builtin_cpu_supports("x86-64-v4"); }

void semblance_winograd_weights(
    const float *w, long outputs, long channels, int isTurned, int side, long panel, float *u) {
    (side == 4 ? weights2 : weights4)(w, outputs, channels, isTurned, panel, panelWidth(outputs, panel), u);
}

void semblance_winograd_inputs(const Problem *p, long first, long last, float *v, long plane) {
    (p->side == 4 ? inputs2 : inputs4)(p, first, last, v, plane);
}

void semblance_winograd_outputs(
    const Problem *p, long panel, long first, long last, const float *v, long plane, float *m) {
    const long width = panelWidth(p->output.channels, panel), tiles = last - first, channels = p->input.channels;
    const long step = channels * width * 16 + GAP, mPlane = tiles * width * 16 + GAP;
    const float *u = p->weights + panel * p->side * p->side * (channels * VECTORS * 16 + GAP);
    for (int t = 0; t < p->side * p->side; t++)
        product(&(struct product){
            v + t * plane, u + t * step, u + (t + 1) * step, m + t * mPlane, tiles, channels, width * 16, width});
    (p->side == 4 ? outputs2 : outputs4)(p, panel, first, last, m, mPlane, width);
}
#else
int semblance_has_convolutions(void) { return 0; }

void semblance_winograd_weights(
    const float *w, long outputs, long channels, int isTurned, int side, long panel, float *u) {}

void semblance_winograd_inputs(
    const struct semblance_winograd *problem, long first, long last, float *v, long plane) {}

void semblance_winograd_outputs(
    const struct semblance_winograd *problem, long panel, long first, long last, const float *v, long plane, float *m) {}
#endif
