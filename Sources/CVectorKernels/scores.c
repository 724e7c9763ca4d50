#include "include/CVectorKernels.h"

#include "vector.h"

/* Inner products of `rowCount` rows and `parts` vectors of queries in registers; a row's scores and a dimension's queries are `line` floats apart. Each row's
   successor, `rowCount` further on, is asked for meanwhile if it `isFirst` that is seen of the rows. */
static inline __attribute__((always_inline)) void scoreRows(
    const float *queries, const float *rows, long dimension, float *scores, long line, int isFirst, const int rowCount,
    const int parts) {
    Lanes sums[12][2] = {0};
    const float *ahead = rows + rowCount * dimension;
    for (long start = 0; start < dimension; start += LANES) {
        const long end = start + LANES < dimension ? start + LANES : dimension;
        if (isFirst)
            for (int row = 0; row < rowCount; row++) __builtin_prefetch(ahead + row * dimension + start, 0, 2);
        for (long i = start; i < end; i++) {
            const Lanes *query = (const Lanes *)(queries + i * line);
            UNROLLED
            for (int row = 0; row < rowCount; row++) {
                const float factor = rows[row * dimension + i];
                UNROLLED
                for (int part = 0; part < parts; part++) sums[row][part] += factor * query[part];
            }
        }
    }
    UNROLLED
    for (int row = 0; row < rowCount; row++)
        UNROLLED
        for (int part = 0; part < parts; part++) *(Lanes *)(scores + row * line + part * LANES) = sums[row][part];
}

static inline __attribute__((always_inline)) void scoreAll(
    const float *queries, const float *rows, long count, long dimension, float *scores, int width, const int rowCount,
    const int parts) {
    const long line = width * LANES;
    long row = 0;
    for (; row + rowCount <= count; row += rowCount)
        for (int part = 0; part < width; part += parts)
            scoreRows(
                queries + part * LANES, rows + row * dimension, dimension, scores + row * line + part * LANES, line,
                part == 0, rowCount, parts);
    for (; row < count; row++)
        for (int part = 0; part < width; part += parts)
            scoreRows(
                queries + part * LANES, rows + row * dimension, dimension, scores + row * line + part * LANES, line, 0, 1,
                parts);
}

/* As many rows as the sums of `parts` vectors each leave registers for. */
#define SCORES(name, target, rowCount, parts)                                                                        \
    target static void name(const float *queries, const float *rows, long count, long dimension, float *scores,      \
                            int width) {                                                                             \
        if (width < parts)                                                                                           \
            scoreAll(queries, rows, count, dimension, scores, width, rowCount, 1);                                   \
        else                                                                                                         \
            scoreAll(queries, rows, count, dimension, scores, width, rowCount, parts);                               \
    }

SCORES(scoresAnywhere, , 1, 1)
#if defined(__x86_64__)
SCORES(scoresV3, __attribute__((target("arch=x86-64-v3"))), 6, 1)
SCORES(scoresV4, __attribute__((target("arch=x86-64-v4"), min_vector_width(512))), 12, 2)
#endif

void semblance_scores(const float *queries, const float *rows, long count, long dimension, float *scores, int width) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("x86-64-v4")) return scoresV4(queries, rows, count, dimension, scores, width);
    if (__builtin_cpu_supports("x86-64-v3")) return scoresV3(queries, rows, count, dimension, scores, width);
#endif
    scoresAnywhere(queries, rows, count, dimension, scores, width);
}
