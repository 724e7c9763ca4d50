#include "include/CVectorKernels.h"

#include <string.h>

#include "vector.h"

#define INLINE static inline __attribute__((always_inline))

/* The first `width` lanes; those beyond stay as they are. */
INLINE void copyFirst(const void *from, int width, void *to) {
    if (width == LANES) *(Lanes *)to = *(const Lanes *)from;
    else memcpy(to, from, width * sizeof(float));
}

/* Vectors of a strip: where the first begins, their number, the floats from one to the next, how many lanes of each there are, and after how many the
   channels repeat, from `channel` on. */
struct run {
    long start, channel, count, step;
    int width, period;
};

/* A strip whose lanes fill vectors is read as these, whatever pixels they are of; its rest is a part of a vector. Of other strips a run is some of the
   channels of all pixels. Returns whether there is a run of this index. */
INLINE int runOf(const struct semblance_strip *strip, long index, struct run *run) {
    if (LANES % strip->lanes == 0) {
        const long size = strip->pixels * strip->lanes, whole = size / LANES * LANES;
        const int period = (int)strip->lanes;
        *run = index == 0 ? (struct run){0, 0, whole / LANES, LANES, LANES, period}
                          : (struct run){whole, 0, 1, LANES, (int)(size - whole), period};
        return index == 0 || (index == 1 && size > whole);
    }
    const long first = index * LANES, left = strip->lanes - first;
    *run = (struct run){first, first, strip->pixels, strip->lanes, left < LANES ? (int)left : LANES, LANES};
    return left > 0;
}

/* The values of a run's channels, for each lane. Small images have as many of these as vectors. */
INLINE void ofChannels(const float *values, const struct run *run, Lanes *lanes) {
    const float *from = values + run->channel;
    if (run->period == LANES)
        copyFirst(from, run->width, lanes);
    else if (run->period == 8)
        for (int lane = 0; lane < LANES; lane++) (*lanes)[lane] = from[lane % 8];
    else
        for (int lane = 0; lane < LANES; lane++) (*lanes)[lane] = from[lane & (run->period - 1)];
}

/* Adds each lane to its channel's value. */
INLINE void addTo(float *values, const Lanes *lanes, const struct run *run) {
    float *to = values + run->channel;
    if (run->width == LANES && run->period == LANES)
        *(Lanes *)to += *lanes;
    else if (run->width == LANES && run->period == 8)
        for (int lane = 0; lane < 8; lane++) to[lane] += (*lanes)[lane] + (*lanes)[lane + 8];
    else if (run->width == 8)
        for (int lane = 0; lane < 8; lane++) to[lane & (run->period - 1)] += (*lanes)[lane];
    else
        for (int lane = 0; lane < run->width; lane++) to[lane & (run->period - 1)] += (*lanes)[lane];
}

/* Calls with the width of a run, where the usual ones are known when the loops are compiled. */
#define FOR_WIDTH(run, call)                   \
    if ((run).width == LANES) call(LANES);     \
    else if ((run).width == 8) call(8);        \
    else call((run).width)

/* Vectors are added to several sums in turn, as an addition takes some cycles. */
#define CHAINS 4

INLINE void join(Lanes *sums) { sums[0] = (sums[0] + sums[1]) + (sums[2] + sums[3]); }

INLINE void addDifference(const float *x, const Lanes *mean, int isSquare, const int width, Lanes *sum) {
    Lanes value = {0};
    copyFirst(x, width, &value);
    value -= *mean;
    *sum += isSquare ? value * value : value;
}

/* Of the differences from the mean, or their squares. */
INLINE void sumsOf(
    const float *x, const struct run *run, const Lanes *mean, int isSquare, const int width, Lanes *sums) {
    long i = 0;
    for (; i + CHAINS <= run->count; i += CHAINS)
        UNROLLED
        for (int chain = 0; chain < CHAINS; chain++)
            addDifference(x + (i + chain) * run->step, mean, isSquare, width, &sums[chain]);
    for (; i < run->count; i++) addDifference(x + i * run->step, mean, isSquare, width, &sums[0]);
    join(sums);
}

INLINE void addSums(const float *x, const struct semblance_strip *strip, const float *mean, float *result) {
    struct run run;
    for (long index = 0; runOf(strip, index, &run); index++) {
        Lanes sums[CHAINS] = {0}, center = {0};
        if (mean) ofChannels(mean, &run, &center);
#define SUMS(width) sumsOf(x + run.start, &run, &center, mean != 0, width, sums)
        FOR_WIDTH(run, SUMS);
        addTo(result, sums, &run);
    }
}

FOR_EACH_PROCESSOR
void semblance_strip_moments(const float *x, const struct semblance_strip *strip, float *mean, float *squares) {
    memset(mean, 0, strip->lanes * sizeof(float));
    memset(squares, 0, strip->lanes * sizeof(float));
    addSums(x, strip, 0, mean);
    for (long lane = 0; lane < strip->lanes; lane++) mean[lane] /= strip->pixels;
    addSums(x, strip, mean, squares);
}

INLINE void affine(
    const float *x, const struct run *run, const Lanes *mean, const Lanes *factor, const Lanes *shift, const int width,
    float *y) {
    const Lanes center = *mean, a = *factor, b = *shift;
    for (long i = 0; i < run->count; i++) {
        Lanes value = {0};
        copyFirst(x + i * run->step, width, &value);
        value = a * (value - center) + b;
        copyFirst(&value, width, y + i * run->step);
    }
}

FOR_EACH_PROCESSOR
void semblance_strip_affine(
    const float *x, const struct semblance_strip *strip, const float *mean, const float *factor, const float *shift,
    float *y) {
    struct run run;
    for (long index = 0; runOf(strip, index, &run); index++) {
        Lanes center = {0}, a = {0}, b = {0};
        ofChannels(mean, &run, &center);
        ofChannels(factor, &run, &a);
        ofChannels(shift, &run, &b);
#define AFFINE(width) affine(x + run.start, &run, &center, &a, &b, width, y + run.start)
        FOR_WIDTH(run, AFFINE);
    }
}

INLINE void addProduct(
    const float *x, const float *dy, const Lanes *mean, const int width, Lanes *sum, Lanes *product) {
    Lanes value = {0}, gradient = {0};
    copyFirst(x, width, &value);
    copyFirst(dy, width, &gradient);
    *sum += gradient;
    *product += gradient * (value - *mean);
}

INLINE void productsOf(
    const float *x, const float *dy, const struct run *run, const Lanes *mean, const int width, Lanes *sums,
    Lanes *products) {
    long i = 0;
    for (; i + CHAINS <= run->count; i += CHAINS)
        UNROLLED
        for (int chain = 0; chain < CHAINS; chain++) {
            const long place = (i + chain) * run->step;
            addProduct(x + place, dy + place, mean, width, &sums[chain], &products[chain]);
        }
    for (; i < run->count; i++)
        addProduct(x + i * run->step, dy + i * run->step, mean, width, &sums[0], &products[0]);
    join(sums);
    join(products);
}

FOR_EACH_PROCESSOR
void semblance_strip_gradient_sums(
    const float *x, const float *dy, const struct semblance_strip *strip, const float *mean, float *sum, float *product) {
    memset(sum, 0, strip->lanes * sizeof(float));
    memset(product, 0, strip->lanes * sizeof(float));
    struct run run;
    for (long index = 0; runOf(strip, index, &run); index++) {
        Lanes sums[CHAINS] = {0}, products[CHAINS] = {0}, center = {0};
        ofChannels(mean, &run, &center);
#define PRODUCTS(width) productsOf(x + run.start, dy + run.start, &run, &center, width, sums, products)
        FOR_WIDTH(run, PRODUCTS);
        addTo(sum, sums, &run);
        addTo(product, products, &run);
    }
}

INLINE void combination(
    const float *x, const float *dy, const struct run *run, const Lanes *mean, const Lanes *factor,
    const Lanes *gradientMean, const Lanes *ofX, const int width, float *dx) {
    const Lanes center = *mean, a = *factor, b = *gradientMean, c = *ofX;
    for (long i = 0; i < run->count; i++) {
        Lanes value = {0}, gradient = {0};
        copyFirst(x + i * run->step, width, &value);
        copyFirst(dy + i * run->step, width, &gradient);
        value = a * ((gradient - b) + c * (value - center));
        copyFirst(&value, width, dx + i * run->step);
    }
}

FOR_EACH_PROCESSOR
void semblance_strip_combination(
    const float *x, const float *dy, const struct semblance_strip *strip, const float *mean, const float *factor,
    const float *gradientMean, const float *ofX, float *dx) {
    struct run run;
    for (long index = 0; runOf(strip, index, &run); index++) {
        Lanes center = {0}, a = {0}, b = {0}, c = {0};
        ofChannels(mean, &run, &center);
        ofChannels(factor, &run, &a);
        ofChannels(gradientMean, &run, &b);
        ofChannels(ofX, &run, &c);
#define COMBINATION(width) \
    combination(x + run.start, dy + run.start, &run, &center, &a, &b, &c, width, dx + run.start)
        FOR_WIDTH(run, COMBINATION);
    }
}
