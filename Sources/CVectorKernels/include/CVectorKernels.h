#pragma once

/* The CPU backend's own loops, for what oneDNN has no primitive for, or a slower one. Each is compiled for AVX-512, for AVX2 and for any x86-64, and the
   loader takes what the processor has; elsewhere there is one version. Those after a question (semblance_has_...) need what it asks for. Arrays need
   no alignment. */

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

/* Pixels of an image with `lanes` channels side by side, [pixels][lanes]: batch norm goes through images in such strips. Arrays of channels have `lanes`
   elements. */
struct semblance_strip {
    long pixels, lanes;
};

/* Each channel's mean, and the sum of its squared differences from that. */
void semblance_strip_moments(const float *x, const struct semblance_strip *strip, float *mean, float *squares);

/* y = factor (x - mean) + shift. */
void semblance_strip_affine(
    const float *x, const struct semblance_strip *strip, const float *mean, const float *factor, const float *shift,
    float *y);

/* Each channel's sum of dy, and of dy (x - mean). */
void semblance_strip_gradient_sums(
    const float *x, const float *dy, const struct semblance_strip *strip, const float *mean, float *sum, float *product);

/* dx = factor (dy - gradientMean + ofX (x - mean)): 0 for a single value, exactly. */
void semblance_strip_combination(
    const float *x, const float *dy, const struct semblance_strip *strip, const float *mean, const float *factor,
    const float *gradientMean, const float *ofX, float *dx);

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

/* Which version of Winograd's convolutions: its number is how many floats a vector has. */
enum semblance_vectors { SEMBLANCE_NO_VECTORS = 0, SEMBLANCE_AVX2 = 8, SEMBLANCE_AVX512 = 16 };

/* The widest that the processor has instructions for. */
enum semblance_vectors semblance_widest_vectors(void);

/* An image in memory, channels in vectors: a pixel's next column is `pixel` floats on, its next vector of channels `block`. So both channels-last
   (pixel = channels, block = a vector) and blocked layouts (pixel = a vector, block = a vector times height times width) are. */
struct semblance_image {
    long channels, height, width, pixel, block;
};

/* How a tile of a 3x3 convolution is computed. F2 and F4: of stride 1, F(2x2, 3x3) and F(4x4, 3x3). STRIDED: of stride 2, which is four convolutions of
   stride 1, of every other row and column, with 2x2, 2x1, 1x2 and 1x1 weights: F(4, 2) wherever there are two. STRIDED_GRADIENT: the input
   gradient of that, for one row and column of padding at the top and left. */
enum semblance_winograd_form { SEMBLANCE_F2, SEMBLANCE_F4, SEMBLANCE_STRIDED, SEMBLANCE_STRIDED_GRADIENT };

/* Along an axis. */
struct semblance_winograd_sizes {
    /* Transformed values of a tile. */
    int points;
    /* Transformed weights: the last serves all points from there on. */
    int planes;
    /* Pixels that a tile reads, and from its first to the next tile's. */
    int extent, step;
    int outputs;
};

static inline struct semblance_winograd_sizes semblance_winograd_sizes(enum semblance_winograd_form form) {
    switch (form) {
        case SEMBLANCE_F2: return (struct semblance_winograd_sizes){4, 4, 4, 2, 2};
        case SEMBLANCE_F4: return (struct semblance_winograd_sizes){6, 6, 6, 4, 4};
        case SEMBLANCE_STRIDED: return (struct semblance_winograd_sizes){9, 6, 9, 8, 4};
        case SEMBLANCE_STRIDED_GRADIENT: return (struct semblance_winograd_sizes){9, 6, 5, 4, 8};
    }
    return (struct semblance_winograd_sizes){0, 0, 0, 0, 0};
}

/* The plane of weights that serves a point of a tile, both counted along rows. */
static inline int semblance_winograd_plane(struct semblance_winograd_sizes sizes, int point) {
    const int last = sizes.planes - 1, row = point / sizes.points, column = point % sizes.points;
    return (row < last ? row : last) * sizes.planes + (column < last ? column : last);
}

/* A 3x3 convolution by Winograd's minimal filtering (Lavin and Gray, 2015): y = act(conv(scale x + shift) + bias + residual), where act
   multiplies what is below 0 by the slope and what lies outside of the image is 0. Channels and outputs are multiples of 16.

   Tiles are counted along rows and from image to image. v holds transformed tiles as [points^2][tile][channel], planes `plane` floats apart;
   16 more than the tiles take spare the cache conflicts. Outputs are computed in panels of two vectors, the last of what is left. */
struct semblance_winograd {
    enum semblance_vectors vectors;
    enum semblance_winograd_form form;
    const float *x;
    /* [panel][planes^2][channel][output], with 16 floats after each of a panel's planes. */
    const float *weights;
    /* By channel, or null. */
    const float *scale, *shift;
    /* By output, or null. */
    const float *bias, *slope;
    /* As y, or null. */
    const float *residual;
    float *y;
    struct semblance_image input, output;
    /* Zeros around the image. */
    long top, left;
    long tiles_down, tiles_across;
};

/* A panel of transformed weights from w [outputs, channels, 3, 3], or from [channels, outputs, 3, 3] turned by half a circle, as input gradients need. */
void semblance_winograd_weights(
    enum semblance_vectors vectors, const float *w, long outputs, long channels, int isTurned,
    enum semblance_winograd_form form, long panel, float *u);

/* Transforms these tiles of the image; v begins with the first of them, `pitch` floats from a tile to the next. */
void semblance_winograd_inputs(
    const struct semblance_winograd *problem, long first, long last, float *v, long plane, long pitch);

/* Computes a panel of the outputs of these tiles; v begins with the first of them, `channels` floats each, and m has room for points^2 planes of
   (last - first) panels and 16 floats. */
void semblance_winograd_outputs(
    const struct semblance_winograd *problem, long panel, long first, long last, const float *v, long plane, float *m);

/* The gradient of such a convolution's weights, from that of its result: tiles of both images are transformed, multiplied and summed up, and the sums
   transformed back. Of the problem it takes vectors, form (no gradient's), x, input, output, top, left and tiles.

   Transforms these tiles of dy, which lies as `output` says. d holds [points^2][panel][tile][output], planes `plane` floats apart, of the `count` tiles
   from `start` on that are summed up at a time. */
void semblance_winograd_gradients(
    const struct semblance_winograd *problem, const float *dy, long first, long last, float *d, long plane, long start,
    long count);

/* Adds to a plane of weights, s [panel][channel][output], what `count` tiles contribute by one of its points; v has `pitch` floats from a tile to the
   next. */
void semblance_winograd_sums(
    const struct semblance_winograd *problem, const float *v, long pitch, const float *d, long count, int isFirst,
    float *s);

/* Computes a panel of the outputs of dw [outputs, channels, 3, 3]; planes of s are `plane` floats apart. */
void semblance_winograd_results(
    const struct semblance_winograd *problem, long panel, const float *s, long plane, float *dw);

/* This and the next are for AVX-512 alone; with AVX2 oneDNN's are as fast.

   A 1x1 convolution of stride 1, channels last: y [rows, outputs] = act(x [rows, channels] weights + bias + residual), as above. Rows are pixels. */
struct semblance_pointwise {
    const float *x;
    /* [panel][channel][output], the last panel narrower, filled up with zeros to a multiple of 16. */
    const float *weights;
    /* By output, or null. */
    const float *bias, *slope;
    /* As y, or null. */
    const float *residual;
    float *y;
    long channels, outputs;
};

/* How many outputs a panel has. */
long semblance_pointwise_panel(long channels);

/* Computes a panel of the outputs of these rows. */
void semblance_pointwise(const struct semblance_pointwise *problem, long panel, long first, long last);

/* A depthwise convolution, channels last, with the same epilogue. The channels are a multiple of 16. */
struct semblance_depthwise {
    const float *x;
    /* [kernel_height, kernel_width, channels]. */
    const float *weights;
    const float *bias, *slope, *residual;
    float *y;
    long channels, height, width, output_height, output_width;
    long kernel_height, kernel_width, stride_height, stride_width, dilation_height, dilation_width, top, left;
    /* Whether y holds the largest of each 2x2 values of the output instead. For a 3x3 window without holes and strides, no residual and slopes not below 0. */
    int pools;
};

/* Computes these rows of y, counted from image to image. */
void semblance_depthwise(const struct semblance_depthwise *problem, long first, long last);
