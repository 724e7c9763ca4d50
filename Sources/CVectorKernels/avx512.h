#pragma once

/* What loops for AVX-512 alone have in common. */

#include <immintrin.h>

#include "vector.h"

#define AVX512 __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#define INLINE AVX512 static inline __attribute__((always_inline))
#define ALL _mm512_set1_ps

/* act(x): what is below 0 times the slope. NaN stays. */
INLINE __m512 sloped(__m512 x, __m512 slope) {
    return _mm512_fmadd_ps(slope, _mm512_min_ps(ALL(0), x), _mm512_max_ps(ALL(0), x));
}
