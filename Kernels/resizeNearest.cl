// x [N,C,H,W] -> y [N,C,H*scaleHeight,W*scaleWidth] with every pixel repeated, and the gradient. One output element a work-item;
// work-groups of any size. `width` is W; a line is one row of one plane.

__kernel void resizeNearest(
    CONST_TENSOR(x), TENSOR(y), const int width, const int scaleHeight, const int scaleWidth, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const index_t largeWidth = (index_t)width * scaleWidth;
    // Planes hold whole numbers of lines, so that lines need not be told apart by plane.
    const index_t line = (index_t)i / largeWidth / scaleHeight;
    AT(y)[i] = AT(x)[line * width + (index_t)i % largeWidth / scaleWidth];
}

__kernel void resizeNearestGradient(
    CONST_TENSOR(dy), TENSOR(dx), const int width, const int scaleHeight, const int scaleWidth, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const index_t largeWidth = (index_t)width * scaleWidth;
    const index_t line = (index_t)i / (index_t)width;
    __global const float *from =
        AT(dy) + line * scaleHeight * largeWidth + (index_t)i % (index_t)width * scaleWidth;
    float sum = 0.0f;
    for (int h = 0; h < scaleHeight; h++)
        for (int w = 0; w < scaleWidth; w++) sum += from[h * largeWidth + w];
    AT(dx)[i] = sum;
}
