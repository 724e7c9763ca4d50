// x [N,C,H,W] -> y [N,C,h,w] by bilinear interpolation, and the gradient. One element written a work-item; work-groups of any size.
// Along an axis output pixel i lies at (i * step + start) / unit of the input, from 0 to the last pixel; whole numbers, as single
// precision loses the fraction of far pixels. Sides are shorter than 2^15, so these fit 32 bits.

#define AXIS(name) const int name, const int name##_out, const int name##_step, const int name##_start, const int name##_unit
// Where output pixel i lies, times the unit.
#define SOURCE(name, i) clamp((i) * name##_step + name##_start, 0, (name - 1) * name##_unit)

__kernel void resizeLinear(CONST_TENSOR(x), TENSOR(y), AXIS(height), AXIS(width), const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const index_t line = (index_t)i / (index_t)width_out;
    const int down = SOURCE(height, (int)(line % (index_t)height_out));
    const int right = SOURCE(width, (int)((index_t)i % (index_t)width_out));
    const int top = down / height_unit, left = right / width_unit;
    const float lower = (float)(down % height_unit) / height_unit, later = (float)(right % width_unit) / width_unit;
    __global const float *above = AT(x) + (line / (index_t)height_out * height + top) * (index_t)width;
    __global const float *below = above + (top + 1 < height ? width : 0);
    const int next = min(left + 1, width - 1);
    const float a = above[left] + (above[next] - above[left]) * later;
    const float b = below[left] + (below[next] - below[left]) * later;
    AT(y)[i] = a + (b - a) * lower;
}

// Output pixels that read pixel j: those from FIRST on, up to and without END; and the weight of one of them.
#define FIRST(name, j) first_reader(j, name##_step, name##_start, name##_unit)
#define END(name, j) end_of_readers(j, name, name##_out, name##_step, name##_start, name##_unit)
#define WEIGHT(name, j, i) \
    ((float)max(name##_unit - (int)abs(SOURCE(name, i) - (j) * name##_unit), 0) / name##_unit)

static int first_reader(int j, int step, int start, int unit)
{
    // What lies before pixel 0 reads it, too.
    return j == 0 || step == 0 ? 0 : max((j - 1) * unit - start, 0) / step;
}

static int end_of_readers(int j, int size, int out, int step, int start, int unit)
{
    return j == size - 1 || step == 0 ? out : clamp(((j + 1) * unit - start) / step + 1, 0, out);
}

// Gathers, so that the order of the sum is fixed.
__kernel void resizeLinearGradient(CONST_TENSOR(dy), TENSOR(dx), AXIS(height), AXIS(width), const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const index_t line = (index_t)i / (index_t)width;
    const int row = line % (index_t)height, column = (index_t)i % (index_t)width;
    __global const float *plane = AT(dy) + line / (index_t)height * height_out * width_out;
    const int first = FIRST(width, column), end = END(width, column), bottom = END(height, row);
    float sum = 0.0f;
    for (int r = FIRST(height, row); r < bottom; r++) {
        float part = 0.0f;
        for (int q = first; q < end; q++) part += plane[(index_t)r * width_out + q] * WEIGHT(width, column, q);
        sum += part * WEIGHT(height, row, r);
    }
    AT(dx)[i] = sum;
}
