#pragma once

/* For the vectors of the file that includes it. */

/* act(x): what is below 0 times the slope. NaN stays. */
INLINE Vector sloped(Vector x, Vector slope) {
    return fused(slope, minimum(splat(0), x), maximum(splat(0), x));
}
