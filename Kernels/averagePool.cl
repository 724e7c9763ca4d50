// Average pooling of x [N,C,H,W] and its gradient, by gathering. One output element a work-item; work-groups of any size.
// COUNTS_PADDING: divide by the whole window. Otherwise by its elements inside the image; a window with none gives 0.
#ifndef COUNTS_PADDING
#define COUNTS_PADDING 0
#endif

// How many of a window's taps along one axis, from `start` on, lie in 0..<size.
static int taps_inside(int start, int taps, int dilation, int size)
{
    const int before = start < 0 ? (dilation - 1 - start) / dilation : 0;
    const int end = start < size ? (size - start + dilation - 1) / dilation : 0;
    return max(min(end, taps) - before, 0);
}

static float window_share(const int row, const int column, WINDOW)
{
#if COUNTS_PADDING
    return 1.0f / (kernelHeight * kernelWidth);
#else
    return 1.0f / max(
        taps_inside(row * strideHeight - padTop, kernelHeight, dilationHeight, height) *
        taps_inside(column * strideWidth - padLeft, kernelWidth, dilationWidth, width), 1);
#endif
}

__kernel void averagePool(CONST_VALUES(x), VALUES(y), WINDOW, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const int column = (index_t)i % (index_t)outputWidth;
    const index_t line = (index_t)i / (index_t)outputWidth;
    const int row = line % (index_t)outputHeight;
    __global const ELEMENT(x) *plane = AT(x) + (size_t)(line / (index_t)outputHeight) * height * width;
    float sum = 0.0f;
    for (int kh = 0; kh < kernelHeight; kh++) {
        const int h = row * strideHeight - padTop + kh * dilationHeight;
        if (h < 0 || h >= height) continue;
        for (int kw = 0; kw < kernelWidth; kw++) {
            const int w = column * strideWidth - padLeft + kw * dilationWidth;
            if (w >= 0 && w < width) sum += LOAD(plane, (size_t)h * width + w);
        }
    }
    STORE(AT(y), i, sum * window_share(row, column, WINDOW_VALUES));
}

__kernel void averagePoolGradient(CONST_VALUES(dy), VALUES(dx), WINDOW, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const int w = (index_t)i % (index_t)width;
    const index_t line = (index_t)i / (index_t)width;
    const int h = line % (index_t)height;
    __global const ELEMENT(dy) *plane = AT(dy) + (size_t)(line / (index_t)height) * outputHeight * outputWidth;
    float sum = 0.0f;
    for (int kh = 0; kh < kernelHeight; kh++) {
        const int down = h + padTop - kh * dilationHeight;
        const int row = down / strideHeight;
        if (down < 0 || down % strideHeight != 0 || row >= outputHeight) continue;
        for (int kw = 0; kw < kernelWidth; kw++) {
            const int right = w + padLeft - kw * dilationWidth;
            const int column = right / strideWidth;
            if (right < 0 || right % strideWidth != 0 || column >= outputWidth) continue;
            sum += LOAD(plane, (size_t)row * outputWidth + column) * window_share(row, column, WINDOW_VALUES);
        }
    }
    STORE(AT(dx), i, sum);
}
