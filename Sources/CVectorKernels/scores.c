#include "include/CVectorKernels.h"

#include "vector.h"

/* Inner products of `rowCount` rows and 16 `width` queries in registers; each row's successor, `rowCount` further on, is asked for meanwhile. */
static inline __attribute__((always_inline)) void scoreRows(
    const float *queries, const float *rows, long dimension, float *scores, const int rowCount, const int width) {
    Lanes sums[12][2] = {0};
    const float *ahead = rows + rowCount * dimension;
    for (long start = 0; start < dimension; start += LANES) {
        const long end = start + LANES < dimension ? start + LANES : dimension;
        for (int row = 0; row < rowCount; row++) __builtin_prefetch(ahead + row * dimension + start, 0, 2);
        for (long i = start; i < end; i++) {
            const Lanes *query = (const Lanes *)(queries + i * width * LANES);
            UNROLLED
            for (int row = 0; row < rowCount; row++) {
                const float factor = rows[row * dimension + i];
                UNROLLED
                for (int part = 0; part < width; part++) sums[row][part] += factor * query[part];
            }
        }
    }
    UNROLLED
    for (int row = 0; row < rowCount; row++)
        UNROLLED
        for (int part = 0; part < width; part++) *(Lanes *)(scores + (row * width + part) * LANES) = sums[row][part];
}

static inline __attribute__((always_inline)) void scoreAll(
    const float *queries, const float *rows, long count, long dimension, float *scores, const int rowCount,
    const int width) {
    long row = 0;
    for (; row + rowCount <= count; row += rowCount)
        scoreRows(queries, rows + row * dimension, dimension, scores + row * width * LANES, rowCount, width);
    for (; row < count; row++)
        scoreRows(queries, rows + row * dimension, dimension, scores + row * width * LANES, 1, width);
}

/* As many rows as the sums of two vectors each leave registers for. */
#define SCORES(name, target, rowCount)                                                                               \
    target static void name(const float *queries, const float *rows, long count, long dimension, float *scores,      \
                            int width) {                                                                             \
        if (width == 1)                                                                                              \
            scoreAll(queries, rows, count, dimension, scores, rowCount, 1);                                          \
        else                                                                                                         \
            scoreAll(queries, rows, count, dimension, scores, rowCount, 2);                                          \
    }

SCORES(scoresAnywhere, , 1)
#if defined(__x86_64__)
SCORES(scoresV3, __attribute__((target("arch=x86-64-v3"))), 3)
SCORES(scoresV4, __attribute__((target("arch=x86-64-v4"), min_vector_width(512))), 12)
#endif

void semblance_scores(const float *queries, const float *rows, long count, long dimension, float *scores, int width) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("x86-64-v4")) return scoresV4(queries, rows, count, dimension, scores, width);
    if (__builtin_cpu_supports("x86-64-v3")) return scoresV3(queries, rows, count, dimension, scores, width);
#endif
    scoresAnywhere(queries, rows, count, dimension, scores, width);
}
