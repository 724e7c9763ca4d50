// Max pooling of x [N,C,H,W] and its gradient, by gathering. One output element a work-item; work-groups of any size.
// A NaN wins over every number. A window with nothing but padding gives minus infinity.

// The largest element of window (row, column) of a plane and, in `tap`, the first of them, or -1 for none.
static float window_maximum(__global const ELEMENT(x) *plane, const int row, const int column, int *tap, WINDOW)
{
    float best = -INFINITY;
    *tap = -1;
    for (int kh = 0; kh < kernelHeight; kh++) {
        const int h = row * strideHeight - padTop + kh * dilationHeight;
        if (h < 0 || h >= height) continue;
        for (int kw = 0; kw < kernelWidth; kw++) {
            const int w = column * strideWidth - padLeft + kw * dilationWidth;
            if (w < 0 || w >= width) continue;
            const float v = LOAD(plane, (size_t)h * width + w);
            if (*tap < 0 || v > best || (isnan(v) && !isnan(best))) {
                best = v;
                *tap = kh * kernelWidth + kw;
            }
        }
    }
    return best;
}

__kernel void maxPool(CONST_VALUES(x), VALUES(y), WINDOW, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const int column = (index_t)i % (index_t)outputWidth;
    const index_t line = (index_t)i / (index_t)outputWidth;
    const int row = line % (index_t)outputHeight;
    __global const ELEMENT(x) *plane = AT(x) + (size_t)(line / (index_t)outputHeight) * height * width;
    int tap;
    const float best = window_maximum(plane, row, column, &tap, WINDOW_VALUES);
    STORE(AT(y), i, best);
}

// taps, as large as dy: where in its window each maximum stands, as a whole number.
__kernel void maxPoolTaps(CONST_VALUES(x), TENSOR(taps), WINDOW, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const int column = (index_t)i % (index_t)outputWidth;
    const index_t line = (index_t)i / (index_t)outputWidth;
    const int row = line % (index_t)outputHeight;
    __global const ELEMENT(x) *plane = AT(x) + (size_t)(line / (index_t)outputHeight) * height * width;
    int tap;
    window_maximum(plane, row, column, &tap, WINDOW_VALUES);
    AT(taps)[i] = tap;
}

// Each element of dx collects from the windows whose maximum it is.
__kernel void maxPoolGradient(CONST_TENSOR(taps), CONST_VALUES(dy), VALUES(dx), WINDOW, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const int w = (index_t)i % (index_t)width;
    const index_t line = (index_t)i / (index_t)width;
    const int h = line % (index_t)height;
    const size_t plane = (size_t)(line / (index_t)height) * outputHeight * outputWidth;
    float sum = 0.0f;
    for (int kh = 0; kh < kernelHeight; kh++) {
        const int down = h + padTop - kh * dilationHeight;
        if (down < 0 || down % strideHeight != 0 || down / strideHeight >= outputHeight) continue;
        for (int kw = 0; kw < kernelWidth; kw++) {
            const int right = w + padLeft - kw * dilationWidth;
            if (right < 0 || right % strideWidth != 0 || right / strideWidth >= outputWidth) continue;
            const size_t o = plane + (size_t)(down / strideHeight) * outputWidth + right / strideWidth;
            if (AT(taps)[o] == kh * kernelWidth + kw) sum += LOAD(AT(dy), o);
        }
    }
    STORE(AT(dx), i, sum);
}
