#include "include/CVectorKernels.h"

#include "vector.h"

/* Added and taken off again, it leaves the nearest whole number, of two the even one, of what is below 2^22. */
#define ROUNDING 12582912.0f

/* Divided as the definition says: a product with the inverse would take other levels near the middle between two. */
static inline __attribute__((always_inline)) float level(float x, float scale, float low, float high) {
    float steps = x / scale;
    steps = steps < low ? low : steps;
    steps = steps > high ? high : steps;
    return (steps + ROUNDING) - ROUNDING;
}

FOR_EACH_PROCESSOR
void semblance_quantise(const float *x, long count, float scale, int zero, float *y) {
    const float low = -zero, high = 255 - zero;
    for (long i = 0; i < count; i++) y[i] = level(x[i], scale, low, high) * scale;
}

FOR_EACH_PROCESSOR
void semblance_quantise_rows(
    const float *x, long rows, long columns, float scale, int zero, unsigned char *y, long stride) {
    const float low = -zero, high = 255 - zero;
    for (long row = 0; row < rows; row++) {
        const float *source = x + row * columns;
        unsigned char *target = y + row * stride;
        for (long i = 0; i < columns; i++) {
            /* No comparison tells what NaN is; a byte must be one. */
            const float steps = level(source[i], scale, low, high);
            target[i] = steps == steps ? (int)steps + zero : zero;
        }
        for (long i = columns; i < stride; i++) target[i] = zero;
    }
}
