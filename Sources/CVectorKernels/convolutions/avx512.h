#pragma once

/* Vectors of 16 floats, in AVX-512's 32 registers. */

#include <immintrin.h>

#define FLOATS 16
/* Rows of a product whose sums for two vectors of outputs stay in registers. */
#define ROWS 12
#define TARGET __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#define INLINE TARGET static inline __attribute__((always_inline))

typedef __m512 Vector;

INLINE Vector splat(float x) { return _mm512_set1_ps(x); }
INLINE Vector load(const float *from) { return _mm512_loadu_ps(from); }
INLINE void store(float *to, Vector x) { _mm512_storeu_ps(to, x); }
/* The first `count`, 0 beyond. */
INLINE Vector loadFirst(const float *from, long count) { return _mm512_maskz_loadu_ps((1 << count) - 1, from); }
INLINE void storeFirst(float *to, long count, Vector x) { _mm512_mask_storeu_ps(to, (1 << count) - 1, x); }
/* a b + c, rounded once. */
INLINE Vector fused(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
/* Of NaN and a number, the second. */
INLINE Vector minimum(Vector a, Vector b) { return _mm512_min_ps(a, b); }
INLINE Vector maximum(Vector a, Vector b) { return _mm512_max_ps(a, b); }
/* Every `step`-th float. */
INLINE Vector gather(const float *from, long step) {
    const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    return _mm512_i32gather_ps(_mm512_mullo_epi32(lanes, _mm512_set1_epi32((int)step)), from, 4);
}
