#include "include/CVectorKernels.h"

#include "vector.h"

static inline __attribute__((always_inline)) float sum(const Lanes *lanes) {
    float total = 0;
    for (int lane = 0; lane < LANES; lane++) total += (*lanes)[lane];
    return total;
}

/* Four rows side by side, each a stream of its own, and the next four asked for meanwhile: memory, not arithmetic, sets the pace, and one
   stream does not fill it. */
FOR_EACH_PROCESSOR
void semblance_scan(const float *query, const float *rows, long count, long dimension, float *scores) {
    const long whole = dimension / LANES * LANES;
    long row = 0;
    for (; row + 4 <= count; row += 4) {
        const float *first = rows + row * dimension;
        const float *ahead = first + 4 * dimension;
        Lanes sums[4] = {0};
        for (long i = 0; i < whole; i += LANES) {
            const Lanes factor = *(const Lanes *)(query + i);
            for (int k = 0; k < 4; k++) {
                __builtin_prefetch(ahead + k * dimension + i);
                sums[k] += factor * *(const Lanes *)(first + k * dimension + i);
            }
        }
        for (int k = 0; k < 4; k++) {
            float total = sum(&sums[k]);
            for (long i = whole; i < dimension; i++) total += query[i] * first[k * dimension + i];
            scores[row + k] = total;
        }
    }
    for (; row < count; row++) {
        const float *first = rows + row * dimension;
        Lanes sums = {0};
        for (long i = 0; i < whole; i += LANES) sums += *(const Lanes *)(query + i) * *(const Lanes *)(first + i);
        float total = sum(&sums);
        for (long i = whole; i < dimension; i++) total += query[i] * first[i];
        scores[row] = total;
    }
}
