#include "include/CVectorKernels.h"

#if defined(__x86_64__)
#include <string.h>

#include "convolutions/avx512.h"

#include "convolutions/activation.h"
#include "unrolled.h"

#define VNNI __attribute__((target("arch=x86-64-v4,avx512vnni"), min_vector_width(512)))
/* Sums in registers: positions times vectors of 16 channels, with room for the weights. */
#define POSITIONS 6
#define VECTORS 4

typedef struct semblance_integer_product Product;

/* Where each of `count` positions' windows begins; a position is a row of the output, image after image. */
static inline __attribute__((always_inline)) void places(
    const Product *p, long position, const int count, long *image, long *top, long *left) {
    UNROLLED
    for (int i = 0; i < count; i++) {
        const long area = p->output_height * p->output_width, pixel = (position + i) % area;
        image[i] = (position + i) / area;
        top[i] = pixel / p->output_width * p->stride_height - p->top;
        left[i] = pixel % p->output_width * p->stride_width - p->left;
    }
}

/* `count` positions times `width` vectors of channels from vector `first` on. */
VNNI static inline __attribute__((always_inline)) void tile(
    const Product *p, long position, const int count, long first, const int width) {
    __m512i sums[POSITIONS][VECTORS];
    long image[POSITIONS], top[POSITIONS], left[POSITIONS];
    places(p, position, count, image, top, left);
    UNROLLED
    for (int i = 0; i < count; i++)
        UNROLLED
        for (int v = 0; v < width; v++) sums[i][v] = _mm512_loadu_si512(p->start + (first + v) * 16);
    const long taps = p->kernel_height * p->kernel_width, quads = p->stride / 4;
    for (long tap = 0; tap < taps; tap++) {
        const long down = tap / p->kernel_width * p->dilation_height;
        const long right = tap % p->kernel_width * p->dilation_width;
        const unsigned char *rows[POSITIONS];
        UNROLLED
        for (int i = 0; i < count; i++) {
            const long row = top[i] + down, column = left[i] + right;
            const int inside = row >= 0 && row < p->height && column >= 0 && column < p->width;
            rows[i] = inside ? p->x + ((image[i] * p->height + row) * p->width + column) * p->stride : p->outside;
        }
        const signed char *weights = p->weights + (first * taps + tap) * quads * 64;
        for (long quad = 0; quad < quads; quad++) {
            __m512i factors[VECTORS];
            UNROLLED
            for (int v = 0; v < width; v++)
                factors[v] = _mm512_loadu_si512(weights + (v * taps * quads + quad) * 64);
            UNROLLED
            for (int i = 0; i < count; i++) {
                int four;
                memcpy(&four, rows[i] + 4 * quad, 4);
                const __m512i levels = _mm512_set1_epi32(four);
                UNROLLED
                for (int v = 0; v < width; v++) sums[i][v] = _mm512_dpbusd_epi32(sums[i][v], levels, factors[v]);
            }
        }
    }
    UNROLLED
    for (int v = 0; v < width; v++) {
        const long channel = (first + v) * 16;
        const __m512 scale = _mm512_loadu_ps(p->scale + channel), bias = _mm512_loadu_ps(p->bias + channel);
        const __m512 slope = _mm512_loadu_ps(p->slope + channel);
        const long rest = p->channels - channel;
        const __mmask16 mask = rest >= 16 ? 0xFFFF : (1 << rest) - 1;
        UNROLLED
        for (int i = 0; i < count; i++) {
            const long place = (position + i) * p->channels + channel;
            __m512 y = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[i][v]), scale, bias);
            if (p->residual) y = _mm512_add_ps(y, _mm512_maskz_loadu_ps(mask, p->residual + place));
            _mm512_mask_storeu_ps(p->y + place, mask, sloped(y, slope));
        }
    }
}

#define ROW(count)                                                       \
    case count:                                                          \
        if (width == 4) tile(p, position, count, first, 4);              \
        else if (width == 3) tile(p, position, count, first, 3);         \
        else if (width == 2) tile(p, position, count, first, 2);         \
        else tile(p, position, count, first, 1);                         \
        break;

VNNI static void one(const Product *p, long position, long count, long first, long width) {
    switch (count) { ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6) }
}

VNNI static void all(const Product *p, long vector, long lastVector, long position, long lastPosition) {
    const long blocks = (lastPosition - position + POSITIONS - 1) / POSITIONS;
    for (long first = vector; first < lastVector; first += VECTORS) {
        const long width = lastVector - first < VECTORS ? lastVector - first : VECTORS;
        /* Blocks as alike as can be, rather than a small one at the end. */
        for (long block = 0; block < blocks; block++) {
            const long begin = position + (lastPosition - position) * block / blocks;
            const long end = position + (lastPosition - position) * (block + 1) / blocks;
            one(p, begin, end - begin, first, width);
        }
    }
}

int semblance_has_integer_products(void) {
    return __builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512vnni");
}

void semblance_integer_product(
    const Product *product, long vector, long lastVector, long position, long lastPosition) {
    all(product, vector, lastVector, position, lastPosition);
}
#else
int semblance_has_integer_products(void) { return 0; }

void semblance_integer_product(
    const struct semblance_integer_product *product, long vector, long lastVector, long position, long lastPosition) {}
#endif
