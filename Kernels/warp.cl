// pictures [S,P], views [N,9] -> y [N,PLANES,height,width]: (pixel - mean) * scale of affine views of pictures, bilinear between four
// pixels, black outside. A pixel is the whole number red + 256 green + 65536 blue. A view is its picture, the picture's
// width and height, and a, b, c, d, e, f of x' = a x + b y + c, y' = d x + e y + f. One output pixel with all of its planes a
// work-item; work-groups of any size. BLUE_FIRST swaps the planes.

static float3 warp_pixel(__global const float *pixels, int x, int y, int width, int height)
{
    if (x < 0 || x >= width || y < 0 || y >= height) return (float3)(0.0f);
    const uint packed = (uint)pixels[(size_t)y * width + x];
    return (float3)((float)(packed & 255), (float)(packed >> 8 & 255), (float)(packed >> 16));
}

__kernel void warp(
    CONST_TENSOR(pictures), CONST_TENSOR(views), VALUES(y), const ulong capacity, const int height, const int width,
    const float mean, const float scale, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const size_t plane = (size_t)height * width;
    const size_t image = i / plane;
    const int row = (int)(i % plane / width), column = (int)(i % width);
    __global const float *view = AT(views) + image * 9;
    __global const float *pixels = AT(pictures) + (size_t)view[0] * capacity;
    const int pictureWidth = (int)view[1], pictureHeight = (int)view[2];
    const float u = fma(view[3], (float)column, fma(view[4], (float)row, view[5]));
    const float v = fma(view[6], (float)column, fma(view[7], (float)row, view[8]));
    float3 colour = (float3)(0.0f);
    // Written so that a coordinate that is no number is outside.
    if (u > -1.0f && u < (float)pictureWidth && v > -1.0f && v < (float)pictureHeight) {
        const float left = floor(u), top = floor(v);
        const float right = u - left, bottom = v - top;
        const int j = (int)left, k = (int)top;
        colour = (1.0f - bottom) * ((1.0f - right) * warp_pixel(pixels, j, k, pictureWidth, pictureHeight)
                                    + right * warp_pixel(pixels, j + 1, k, pictureWidth, pictureHeight))
            + bottom * ((1.0f - right) * warp_pixel(pixels, j, k + 1, pictureWidth, pictureHeight)
                        + right * warp_pixel(pixels, j + 1, k + 1, pictureWidth, pictureHeight));
    }
    __global ELEMENT(y) *to = AT(y) + image * PLANES * plane + i % plane;
#if PLANES == 1
    STORE(to, 0, (0.299f * colour.x + 0.587f * colour.y + 0.114f * colour.z - mean) * scale);
#else
    STORE(to, 0, ((BLUE_FIRST ? colour.z : colour.x) - mean) * scale);
    STORE(to, plane, (colour.y - mean) * scale);
    STORE(to, 2 * plane, ((BLUE_FIRST ? colour.x : colour.z) - mean) * scale);
#endif
}
