// Convolution with 3x3 filters, stride 1, by Winograd's minimal filtering F(OUT x OUT, 3 x 3): y = A^T [(G g G^T) . (B^T d B)] A for
// each tile of OUT x OUT outputs, which takes (OUT + 2)^2 multiplications a channel in place of 9 OUT^2. Tensors are [N][C][H][W].
//
// winograd_filter   filters [M][C][3][3] -> [frequency][channel][row], zeros up to `padded_rows` and `padded_depth`: a work-item a
//                   filter. It is the layout that implicit_gemm takes its filters in.
// winograd_input    x -> [frequency][channel][tile]: a work-item a channel of a tile, neighbours along the tiles.
// (products)        [frequency][row][tile], a product for each of the (OUT + 2)^2 frequencies.
// winograd_output   -> y, with the epilogue: a work-item a row of a tile.
//
// Tiles are counted along the rows of an image and from image to image; `tiles` is that count rounded up for vectors.
// Defines: OUT (2 or 4); VECTOR_Y (rows of y and residual start at multiples of four elements); BIAS (0, 1), RESIDUAL, ACTIVATION.
//
// The transforms interpolate at 0, infinity and +-1 for OUT = 2, +-P and +-Q for OUT = 4. P = 5/8 and Q = 3/2 are exact, as all their
// products here are, and come within 1 % of the points with the smallest rounding error: half of that of the usual +-1 and +-2.

#ifndef OUT
#define OUT 4
#endif
#define IN (OUT + 2)
#define P 0.625f
#define Q 1.5f
#define P2 (P * P)
#define Q2 (Q * Q)

// G g: three values to IN.
static void transform_filter(const float g0, const float g1, const float g2, float *u, const int step)
{
#if OUT == 2
    u[0] = g0;
    u[step] = 0.5f * (g0 + g1 + g2);
    u[2 * step] = 0.5f * (g0 - g1 + g2);
    u[3 * step] = g2;
#else
    const float p_even = fma(P2, g2, g0), q_even = fma(Q2, g2, g0);
    const float p_scale = 1.0f / (2.0f * P2 * (P2 - Q2)), q_scale = 1.0f / (2.0f * Q2 * (Q2 - P2));
    u[0] = g0 * (1.0f / (P2 * Q2));
    u[step] = p_scale * fma(P, g1, p_even);
    u[2 * step] = p_scale * fma(-P, g1, p_even);
    u[3 * step] = q_scale * fma(Q, g1, q_even);
    u[4 * step] = q_scale * fma(-Q, g1, q_even);
    u[5 * step] = g2;
#endif
}

// B^T d: IN values to IN, in place.
static void transform_input(float *d, const int step)
{
#if OUT == 2
    const float d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
    d[0] = d2 - d0;
    d[step] = d1 + d2;
    d[2 * step] = d2 - d1;
    d[3 * step] = d3 - d1;
#else
    const float d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
    const float p_even = fma(-Q2, d2, d4), p_odd = P * fma(-Q2, d1, d3);
    const float q_even = fma(-P2, d2, d4), q_odd = Q * fma(-P2, d1, d3);
    d[0] = fma(P2 * Q2, d0, fma(-(P2 + Q2), d2, d4));
    d[step] = p_even + p_odd;
    d[2 * step] = p_even - p_odd;
    d[3 * step] = q_even + q_odd;
    d[4 * step] = q_even - q_odd;
    d[5 * step] = fma(P2 * Q2, d1, fma(-(P2 + Q2), d3, d5));
#endif
}

// A^T m: IN values to OUT, in place.
static void transform_output(float *m, const int step)
{
#if OUT == 2
    const float sum = m[step] + m[2 * step], difference = m[step] - m[2 * step];
    m[0] = sum - m[0];
    m[step] = difference + m[3 * step];
#else
    const float p_sum = m[step] + m[2 * step], p_difference = P * (m[step] - m[2 * step]);
    const float q_sum = m[3 * step] + m[4 * step], q_difference = Q * (m[3 * step] - m[4 * step]);
    m[0] += p_sum + q_sum;
    m[step] = p_difference + q_difference;
    m[2 * step] = fma(P2, p_sum, Q2 * q_sum);
    m[3 * step] = fma(P2, p_difference, fma(Q2, q_difference, m[5 * step]));
#endif
}

// Global: padded rows, padded depth. Strides are those of the filters as stored; `rotated` turns every filter by 180 degrees.
__kernel void winograd_filter(
    CONST_TENSOR(filters), TENSOR(packed), const int rows, const int channels, const ulong row_stride,
    const ulong channel_stride, const int rotated)
{
    const int row = get_global_id(0), channel = get_global_id(1);
    const ulong padded_rows = get_global_size(0), padded_depth = get_global_size(1);
    float half_way[IN * 3], u[IN * IN];
    for (int i = 0; i < IN * IN; i++) u[i] = 0.0f;
    if (row < rows && channel < channels) {
        const __global float *g = AT(filters) + row * row_stride + channel * channel_stride;
        float taps[9];
#pragma unroll
        for (int i = 0; i < 9; i++) taps[i] = g[rotated ? 8 - i : i];
#pragma unroll
        for (int j = 0; j < 3; j++) transform_filter(taps[j], taps[3 + j], taps[6 + j], half_way + j, 3);
#pragma unroll
        for (int i = 0; i < IN; i++)
            transform_filter(half_way[3 * i], half_way[3 * i + 1], half_way[3 * i + 2], u + IN * i, 1);
    }
#pragma unroll
    for (int i = 0; i < IN * IN; i++) AT(packed)[(i * padded_depth + channel) * padded_rows + row] = u[i];
}

// Global: tiles (rounded up), channels.
__kernel void winograd_input(
    CONST_VALUES(x), TENSOR(transformed), const int images, const int height, const int width, const int padding_top,
    const int padding_left, const int tile_rows, const int tile_columns, const int tiles)
{
    const int tile = get_global_id(0), channel = get_global_id(1), channels = get_global_size(1);
    const int image_tiles = tile_rows * tile_columns;
    const int image = tile / image_tiles, place = tile % image_tiles;
    if (image >= images) return;
    const int top = place / tile_columns * OUT - padding_top, left = place % tile_columns * OUT - padding_left;
    const __global ELEMENT(x) *plane = AT(x) + ((ulong)image * channels + channel) * height * width;
    float d[IN * IN];
#pragma unroll
    for (int i = 0; i < IN; i++)
#pragma unroll
        for (int j = 0; j < IN; j++) {
            const bool inside = top + i >= 0 && top + i < height && left + j >= 0 && left + j < width;
            d[i * IN + j] = inside ? LOAD(plane, (top + i) * width + left + j) : 0.0f;
        }
#pragma unroll
    for (int j = 0; j < IN; j++) transform_input(d + j, IN);
#pragma unroll
    for (int i = 0; i < IN; i++) transform_input(d + i * IN, 1);
    __global float *target = AT(transformed) + (ulong)channel * tiles + tile;
#pragma unroll
    for (int i = 0; i < IN * IN; i++) target[(ulong)i * channels * tiles] = d[i];
}

// Global: tiles (rounded up), rows. Its name tells the tile: a plan's list of kernels shows the algorithm.
#if OUT == 2
#define winograd_output winograd_output_2
#else
#define winograd_output winograd_output_4
#endif
__kernel void winograd_output(
    CONST_TENSOR(products), VALUES(y), EPILOGUE_PARAMETERS, const int images, const int out_height, const int out_width,
    const int tile_rows, const int tile_columns, const int tiles)
{
    const int tile = get_global_id(0), row = get_global_id(1), rows = get_global_size(1);
    const int image_tiles = tile_rows * tile_columns;
    const int image = tile / image_tiles, place_of_tile = tile % image_tiles;
    if (image >= images) return;
    const int top = place_of_tile / tile_columns * OUT, left = place_of_tile % tile_columns * OUT;
    const __global float *source = AT(products) + (ulong)row * tiles + tile;
    float m[IN * IN];
#pragma unroll
    for (int i = 0; i < IN * IN; i++) m[i] = source[(ulong)i * rows * tiles];
#pragma unroll
    for (int j = 0; j < IN; j++) transform_output(m + j, IN);
#pragma unroll
    for (int i = 0; i < OUT; i++) transform_output(m + i * IN, 1);
    const ulong start = ((ulong)image * rows + row) * out_height * out_width;
#pragma unroll
    for (int i = 0; i < OUT; i++) {
#if VECTOR_Y && OUT == 4
        if (top + i < out_height) {
            const ulong place = start + (top + i) * out_width + left;
            float4 value = (float4)(m[i * IN], m[i * IN + 1], m[i * IN + 2], m[i * IN + 3]);
            FINISH(float4, value, row, AT(residual) + place, LOAD4)
            STORE4(AT(y) + place, value);
        }
#else
#pragma unroll
        for (int j = 0; j < OUT; j++)
            if (top + i < out_height && left + j < out_width) {
                const ulong place = start + (top + i) * out_width + left + j;
                float value = m[i * IN + j];
                FINISH(float, value, row, AT(residual) + place, LOAD1)
                STORE(AT(y), place, value);
            }
#endif
    }
}
