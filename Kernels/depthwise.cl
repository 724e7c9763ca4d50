// Convolutions whose groups have one input channel; output channel m reads input channel m / multiplier.
//
// depthwise, depthwise_input_gradient            GPUs: a work-item an element written, neighbours along the rows of an image.
// depthwise_rows, depthwise_input_gradient_rows  CPUs: a work-item a plane, vectors along its rows. What they write is float, as sums
//                                                are made in it.
// depthwise_weight_gradient                      a work-group of GROUP a weight; each item sums a part, then the parts are summed
//                                                in a fixed order.
// Defines: KERNEL_HEIGHT, KERNEL_WIDTH; BIAS, RESIDUAL, ACTIVATION; GROUP.

#define TAPS (KERNEL_HEIGHT * KERNEL_WIDTH)

#define GEOMETRY                                                                                             \
    const int height, const int width, const int stride_height, const int stride_width,                      \
        const int dilation_height, const int dilation_width, const int padding_top, const int padding_left,  \
        const int out_height, const int out_width

// Output columns first <= q < last whose pixel q * stride_width + shift lies inside the image.
#define FIRST_COLUMN(shift) clamp((-(shift) + stride_width - 1) / stride_width, 0, out_width)
#define LAST_COLUMN(shift) ((shift) >= width ? 0 : clamp((width - 1 - (shift) + stride_width) / stride_width, 0, out_width))

// Global: positions (rounded up), output channels, images.
__kernel void depthwise(
    CONST_VALUES(x), CONST_TENSOR(weight), VALUES(y), EPILOGUE_PARAMETERS, const int multiplier, GEOMETRY)
{
    const int position = get_global_id(0);
    if (position >= out_height * out_width) return;
    const int channel = get_global_id(1), channels = get_global_size(1), image = get_global_id(2);
    const __global ELEMENT(x) *plane =
        AT(x) + ((ulong)image * (channels / multiplier) + channel / multiplier) * height * width;
    const __global float *taps = AT(weight) + (ulong)channel * TAPS;
    const int top = position / out_width * stride_height - padding_top;
    const int left = position % out_width * stride_width - padding_left;
    float sum = 0.0f;
#pragma unroll
    for (int v = 0; v < KERNEL_HEIGHT; v++) {
        const int i = top + v * dilation_height;
        if (i < 0 || i >= height) continue;
#pragma unroll
        for (int h = 0; h < KERNEL_WIDTH; h++) {
            const int j = left + h * dilation_width;
            if (j >= 0 && j < width) sum = fma(taps[v * KERNEL_WIDTH + h], LOAD(plane, i * width + j), sum);
        }
    }
    const ulong place = ((ulong)image * channels + channel) * out_height * out_width + position;
    FINISH(float, sum, channel, AT(residual) + place, LOAD1)
    STORE(AT(y), place, sum);
}

// Global: output channels, images.
__kernel void depthwise_rows(
    CONST_VALUES(x), CONST_TENSOR(weight), TENSOR(y), EPILOGUE_PARAMETERS, const int multiplier, GEOMETRY)
{
    const int channel = get_global_id(0), channels = get_global_size(0), image = get_global_id(1);
    const __global ELEMENT(x) *plane =
        AT(x) + ((ulong)image * (channels / multiplier) + channel / multiplier) * height * width;
    const __global float *taps = AT(weight) + (ulong)channel * TAPS;
    const ulong start = ((ulong)image * channels + channel) * out_height * out_width;
    for (int r = 0; r < out_height; r++) {
        __global float *row = AT(y) + start + r * out_width;
        for (int q = 0; q < out_width; q++) row[q] = 0.0f;
        for (int v = 0; v < KERNEL_HEIGHT; v++) {
            const int i = r * stride_height - padding_top + v * dilation_height;
            if (i < 0 || i >= height) continue;
            for (int h = 0; h < KERNEL_WIDTH; h++) {
                const int shift = h * dilation_width - padding_left;
                const __global ELEMENT(x) *source = plane + i * width + shift;
                const int first = FIRST_COLUMN(shift), last = LAST_COLUMN(shift);
                const float tap = taps[v * KERNEL_WIDTH + h];
                if (stride_width == 1)
                    for (int q = first; q < last; q++) row[q] = fma(tap, LOAD(source, q), row[q]);
                else
                    for (int q = first; q < last; q++) row[q] = fma(tap, LOAD(source, q * stride_width), row[q]);
            }
        }
        for (int q = 0; q < out_width; q++) {
            float sum = row[q];
            FINISH(float, sum, channel, AT(residual) + start + r * out_width + q, LOAD1)
            row[q] = sum;
        }
    }
}

// Global: pixels (rounded up), input channels, images.
__kernel void depthwise_input_gradient(
    CONST_VALUES(dy), CONST_TENSOR(weight), VALUES(dx), const int multiplier, GEOMETRY)
{
    const int pixel = get_global_id(0);
    if (pixel >= height * width) return;
    const int channel = get_global_id(1), channels = get_global_size(1), image = get_global_id(2);
    const int i = pixel / width + padding_top, j = pixel % width + padding_left;
    float sum = 0.0f;
    for (int copy = channel * multiplier; copy < (channel + 1) * multiplier; copy++) {
        const __global ELEMENT(dy) *plane = AT(dy) + ((ulong)image * channels * multiplier + copy) * out_height * out_width;
        const __global float *taps = AT(weight) + (ulong)copy * TAPS;
#pragma unroll
        for (int v = 0; v < KERNEL_HEIGHT; v++) {
            const int down = i - v * dilation_height;
            if (down < 0 || down % stride_height != 0 || down / stride_height >= out_height) continue;
#pragma unroll
            for (int h = 0; h < KERNEL_WIDTH; h++) {
                const int right = j - h * dilation_width;
                if (right < 0 || right % stride_width != 0 || right / stride_width >= out_width) continue;
                const int position = down / stride_height * out_width + right / stride_width;
                sum = fma(taps[v * KERNEL_WIDTH + h], LOAD(plane, position), sum);
            }
        }
    }
    STORE(AT(dx), ((ulong)image * channels + channel) * height * width + pixel, sum);
}

// Global: input channels, images.
__kernel void depthwise_input_gradient_rows(
    CONST_VALUES(dy), CONST_TENSOR(weight), TENSOR(dx), const int multiplier, GEOMETRY)
{
    const int channel = get_global_id(0), channels = get_global_size(0), image = get_global_id(1);
    __global float *target = AT(dx) + ((ulong)image * channels + channel) * height * width;
    for (int i = 0; i < height; i++, target += width) {
        for (int j = 0; j < width; j++) target[j] = 0.0f;
        for (int copy = channel * multiplier; copy < (channel + 1) * multiplier; copy++) {
            const __global ELEMENT(dy) *plane =
                AT(dy) + ((ulong)image * channels * multiplier + copy) * out_height * out_width;
            const __global float *taps = AT(weight) + (ulong)copy * TAPS;
            for (int v = 0; v < KERNEL_HEIGHT; v++) {
                const int down = i + padding_top - v * dilation_height;
                if (down < 0 || down % stride_height != 0 || down / stride_height >= out_height) continue;
                const __global ELEMENT(dy) *source = plane + down / stride_height * out_width;
                for (int h = 0; h < KERNEL_WIDTH; h++) {
                    const int shift = h * dilation_width - padding_left;
                    const int first = FIRST_COLUMN(shift), last = LAST_COLUMN(shift);
                    const float tap = taps[v * KERNEL_WIDTH + h];
                    if (stride_width == 1)
                        for (int q = first; q < last; q++)
                            target[q + shift] = fma(tap, LOAD(source, q), target[q + shift]);
                    else
                        for (int q = first; q < last; q++)
                            target[q * stride_width + shift] =
                                fma(tap, LOAD(source, q), target[q * stride_width + shift]);
                }
            }
        }
    }
}

// Global: GROUP, taps, output channels. Local: GROUP, 1, 1.
__kernel void depthwise_weight_gradient(
    CONST_VALUES(x), CONST_VALUES(dy), TENSOR(dweight), const int images, const int multiplier, GEOMETRY)
{
    const int tap = get_group_id(1), channel = get_group_id(2), channels = get_num_groups(2);
    const int down = tap / KERNEL_WIDTH * dilation_height - padding_top;
    const int shift = tap % KERNEL_WIDTH * dilation_width - padding_left;
    float sum = 0.0f;
    for (int image = 0; image < images; image++) {
        const __global ELEMENT(x) *plane =
            AT(x) + ((ulong)image * (channels / multiplier) + channel / multiplier) * height * width;
        const __global ELEMENT(dy) *gradient = AT(dy) + ((ulong)image * channels + channel) * out_height * out_width;
#if GROUP == 1
        const int first = FIRST_COLUMN(shift), last = LAST_COLUMN(shift);
        float16 sums = (float16)(0.0f);
        for (int r = 0; r < out_height; r++) {
            const int i = r * stride_height + down;
            if (i < 0 || i >= height) continue;
            const __global ELEMENT(x) *source = plane + i * width + shift;
            const __global ELEMENT(dy) *factor = gradient + r * out_width;
            int q = first;
            if (stride_width == 1)
                for (; q + 16 <= last; q += 16)
                    sums = fma(LOAD16(source + q), LOAD16(factor + q), sums);
            for (; q < last; q++) sum = fma(LOAD(source, q * stride_width), LOAD(factor, q), sum);
        }
        const float8 eight = sums.lo + sums.hi;
        const float4 four = eight.lo + eight.hi;
        sum += four.x + four.y + four.z + four.w;
#else
        for (int position = get_local_id(0); position < out_height * out_width; position += GROUP) {
            const int i = position / out_width * stride_height + down;
            const int j = position % out_width * stride_width + shift;
            if (i >= 0 && i < height && j >= 0 && j < width)
                sum = fma(LOAD(plane, i * width + j), LOAD(gradient, position), sum);
        }
#endif
    }
#if GROUP > 1
    __local float scratch[GROUP];
    sum = group_sum(sum, scratch);
#endif
    if (get_local_id(0) == 0) AT(dweight)[(ulong)channel * TAPS + tap] = sum;
}
