#pragma once

/* Vectors of 8 floats, in AVX2's 16 registers. */

#include <immintrin.h>

#define FLOATS 8
/* Rows of a product whose sums for two vectors of outputs stay in registers. */
#define ROWS 6
#define TARGET __attribute__((target("arch=x86-64-v3")))
#define INLINE TARGET static inline __attribute__((always_inline))

typedef __m256 Vector;

INLINE __m256i firstLanes(long count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0));
}

INLINE Vector splat(float x) { return _mm256_set1_ps(x); }
INLINE Vector load(const float *from) { return _mm256_loadu_ps(from); }
INLINE void store(float *to, Vector x) { _mm256_storeu_ps(to, x); }
/* The first `count`, 0 beyond. */
INLINE Vector loadFirst(const float *from, long count) { return _mm256_maskload_ps(from, firstLanes(count)); }
INLINE void storeFirst(float *to, long count, Vector x) { _mm256_maskstore_ps(to, firstLanes(count), x); }
/* a b + c, rounded once. */
INLINE Vector fused(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
/* Of NaN and a number, the second. */
INLINE Vector minimum(Vector a, Vector b) { return _mm256_min_ps(a, b); }
INLINE Vector maximum(Vector a, Vector b) { return _mm256_max_ps(a, b); }
/* Every `step`-th float. */
INLINE Vector gather(const float *from, long step) {
    const __m256i lanes = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
    return _mm256_i32gather_ps(from, _mm256_mullo_epi32(lanes, _mm256_set1_epi32((int)step)), 4);
}
