// What stands around the GEMM of a convolution. An image's columns are a matrix with a row for each (channel, tap) and a column
// for each output position; element (row, position) of image i is at i * image_stride + row * row_stride + position. With
// row_stride = positions that is one matrix an image; with image_stride = positions the images stand side by side in one matrix.
//
// im2col, col2im             GPUs: a work-item an element written, neighbours along the rows of an image.
// im2col_rows, col2im_rows   CPUs: a work-item a row of the output or of the input.
// gather_images              [n][c][p] -> [c][n][p]: a GEMM's operand with the images side by side.
// scatter_images             [c][n][p] -> [n][c][p], with bias, residual and activation: BIAS (0, 1), RESIDUAL, ACTIVATION.

#define GEOMETRY                                                                                             \
    const int height, const int width, const int kernel_height, const int kernel_width,                      \
        const int stride_height, const int stride_width, const int dilation_height, const int dilation_width, \
        const int padding_top, const int padding_left, const int out_height, const int out_width

// Global: positions (rounded up), channels x taps, images.
__kernel void im2col(
    CONST_VALUES(x), VALUES(columns), const int channels, const ulong image_stride, const ulong row_stride,
    GEOMETRY) {
    const int position = get_global_id(0);
    if (position >= out_height * out_width) return;
    const int row = get_global_id(1), image = get_global_id(2);
    const int tap = row % (kernel_height * kernel_width), channel = row / (kernel_height * kernel_width);
    const int i = position / out_width * stride_height - padding_top + tap / kernel_width * dilation_height;
    const int j = position % out_width * stride_width - padding_left + tap % kernel_width * dilation_width;
    const bool inside = i >= 0 && i < height && j >= 0 && j < width;
    const ulong pixel = (((ulong)image * channels + channel) * height + i) * width + j;
    STORE(AT(columns), image * image_stride + row * row_stride + position, inside ? LOAD(AT(x), pixel) : 0.0f);
}

// Global: channels x taps, images.
__kernel void im2col_rows(
    CONST_VALUES(x), VALUES(columns), const int channels, const ulong image_stride, const ulong row_stride,
    GEOMETRY) {
    const int row = get_global_id(0), image = get_global_id(1);
    const int tap = row % (kernel_height * kernel_width), channel = row / (kernel_height * kernel_width);
    const __global ELEMENT(x) *plane = AT(x) + ((ulong)image * channels + channel) * height * width;
    __global ELEMENT(columns) *target = AT(columns) + image * image_stride + row * row_stride;
    const int shift = tap % kernel_width * dilation_width - padding_left;
    // The output columns whose pixel lies inside the image: first <= column < last.
    const int first = clamp((-shift + stride_width - 1) / stride_width, 0, out_width);
    const int last = clamp((width - 1 - shift + stride_width) / stride_width, first, out_width);
    for (int r = 0; r < out_height; r++, target += out_width) {
        const int i = r * stride_height - padding_top + tap / kernel_width * dilation_height;
        if (i < 0 || i >= height || shift >= width || first == last) {
            for (int q = 0; q < out_width; q++) STORE(target, q, 0.0f);
            continue;
        }
        const __global ELEMENT(x) *source = plane + (ulong)i * width + shift;
        for (int q = 0; q < first; q++) STORE(target, q, 0.0f);
        if (stride_width == 1)
            for (int q = first; q < last; q++) STORE(target, q, LOAD(source, q));
        else
            for (int q = first; q < last; q++) STORE(target, q, LOAD(source, q * stride_width));
        for (int q = last; q < out_width; q++) STORE(target, q, 0.0f);
    }
}

// Global: pixels (rounded up), channels, images. Gathers, so that the order of the sum is fixed.
__kernel void col2im(
    CONST_VALUES(columns), VALUES(x), const int channels, const ulong image_stride, const ulong row_stride,
    GEOMETRY) {
    const int pixel = get_global_id(0);
    if (pixel >= height * width) return;
    const int channel = get_global_id(1), image = get_global_id(2);
    const int i = pixel / width + padding_top, j = pixel % width + padding_left;
    const __global ELEMENT(columns) *source = AT(columns) + image * image_stride;
    float sum = 0.0f;
    for (int v = 0; v < kernel_height; v++) {
        const int down = i - v * dilation_height;
        if (down < 0 || down % stride_height != 0 || down / stride_height >= out_height) continue;
        for (int h = 0; h < kernel_width; h++) {
            const int right = j - h * dilation_width;
            if (right < 0 || right % stride_width != 0 || right / stride_width >= out_width) continue;
            const ulong row = ((ulong)channel * kernel_height + v) * kernel_width + h;
            sum += LOAD(source, row * row_stride + down / stride_height * out_width + right / stride_width);
        }
    }
    STORE(AT(x), ((ulong)image * channels + channel) * height * width + pixel, sum);
}

// Global: rows of the input, channels, images. x is float, as sums are made in it.
__kernel void col2im_rows(
    CONST_VALUES(columns), TENSOR(x), const int channels, const ulong image_stride, const ulong row_stride,
    GEOMETRY) {
    const int i = get_global_id(0), channel = get_global_id(1), image = get_global_id(2);
    const __global ELEMENT(columns) *images = AT(columns) + image * image_stride;
    __global float *target = AT(x) + (((ulong)image * channels + channel) * height + i) * width;
    for (int j = 0; j < width; j++) target[j] = 0.0f;
    for (int v = 0; v < kernel_height; v++) {
        const int down = i + padding_top - v * dilation_height;
        if (down < 0 || down % stride_height != 0 || down / stride_height >= out_height) continue;
        for (int h = 0; h < kernel_width; h++) {
            const int shift = h * dilation_width - padding_left;
            const int first = clamp((-shift + stride_width - 1) / stride_width, 0, out_width);
            const int last = clamp((width - 1 - shift + stride_width) / stride_width, first, out_width);
            if (shift >= width) continue;
            const ulong row = ((ulong)channel * kernel_height + v) * kernel_width + h;
            const __global ELEMENT(columns) *source = images + row * row_stride + down / stride_height * out_width;
            if (stride_width == 1)
                for (int q = first; q < last; q++) target[q + shift] += LOAD(source, q);
            else
                for (int q = first; q < last; q++) target[q * stride_width + shift] += LOAD(source, q);
        }
    }
}

// Global: positions (rounded up), channels, images.
__kernel void gather_images(CONST_VALUES(x), VALUES(y), const int positions) {
    const int position = get_global_id(0), channel = get_global_id(1), image = get_global_id(2);
    if (position >= positions) return;
    const ulong channels = get_global_size(1), images = get_global_size(2);
    const float value = LOAD(AT(x), (image * channels + channel) * positions + position);
    STORE(AT(y), (channel * images + image) * positions + position, value);
}

__kernel void scatter_images(
    CONST_VALUES(x), VALUES(y), EPILOGUE_PARAMETERS, const int positions) {
    const int position = get_global_id(0), channel = get_global_id(1), image = get_global_id(2);
    if (position >= positions) return;
    const ulong channels = get_global_size(1), images = get_global_size(2);
    const ulong place = (image * channels + channel) * positions + position;
    float value = LOAD(AT(x), (channel * images + image) * positions + position);
    FINISH(float, value, channel, AT(residual) + place, LOAD1)
    STORE(AT(y), place, value);
}
