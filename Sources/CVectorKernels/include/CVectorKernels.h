#pragma once

/* The CPU backend's own loops, for what oneDNN has no primitive for. Each is compiled for AVX-512, for AVX2 and for any x86-64, and the
   loader takes what the processor has; elsewhere there is one version. Arrays need no alignment. */

/* scores[r] = the inner product of query [dimension] and row r of rows [count, dimension]. */
void semblance_scan(const float *query, const float *rows, long count, long dimension, float *scores);

/* scores[r][q] = the inner product of row r of rows [count, dimension] and query q, for 16 queries (width 1) or 32 (width 2), which lie as
   [dimension, 16 width]; scores [count, 16 width]. */
void semblance_scores(const float *queries, const float *rows, long count, long dimension, float *scores, int width);

/* y[i] = x[i] rounded to the nearest of the levels scale (q - zero), q from 0 to 255. */
void semblance_quantise(const float *x, long count, float scale, int zero, float *y);

/* The same levels as bytes q: rows [rows, columns] to [rows, stride], filled up with `zero`. */
void semblance_quantise_rows(
    const float *x, long rows, long columns, float scale, int zero, unsigned char *y, long stride);

/* A convolution of bytes with 8-bit weights: y = act(scale (start + sum x w) + bias + residual), where act multiplies what is below 0 by the slope.
   Arrays of channels are as long as whole vectors of 16. */
struct semblance_integer_product {
    /* [batch, height, width, stride]: channels last, filled up to a multiple of 4. */
    const unsigned char *x;
    /* [stride]: what lies outside of the image. */
    const unsigned char *outside;
    /* [vectors, taps, stride / 4, 16, 4]. */
    const signed char *weights;
    const int *start;
    const float *scale, *bias, *slope;
    /* As y, or null. */
    const float *residual;
    /* [batch, output_height, output_width, channels]. */
    float *y;
    long channels, stride, height, width, output_height, output_width;
    long kernel_height, kernel_width, stride_height, stride_width, dilation_height, dilation_width, top, left;
};

/* Whether the processor has instructions for it (AVX-512 VNNI). */
int semblance_has_integer_products(void);

/* Computes vectors of 16 channels and positions (pixels of the output, image after image) in these ranges. */
void semblance_integer_product(
    const struct semblance_integer_product *product, long vector, long lastVector, long position, long lastPosition);
