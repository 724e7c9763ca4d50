// Where the operands of a convolution's weight gradient lie, for kernels that gather them while they multiply: dweight = dy x columns^T. Tensors are
// [N][C][H][W]. A group's product has a row for each of its `rows` output channels, a column for each weight of one (channels x taps, as filters are
// stored: neighbours share pixels of x), and a sum over depth = images x output positions. Put before those kernels in ProgramSource.swift.
//
// Defines: KERNEL_HEIGHT, KERNEL_WIDTH; PADDED (a window may reach beyond its image).

#define TAPS (KERNEL_HEIGHT * KERNEL_WIDTH)

#define WEIGHT_GRADIENT_PARAMETERS                                                                                       \
    CONST_VALUES(x), CONST_VALUES(dy), TENSOR(dweight), const int images, const int groups, const int channels,          \
        const int rows, const int height, const int width, const int stride_height, const int stride_width,              \
        const int dilation_height, const int dilation_width, const int padding_top, const int padding_left,              \
        const int out_height, const int out_width, const int part_depth

// An output position, counted through all images, and its digits.
typedef struct {
    int number, image, i, j;
} position_t;

static position_t position_at(const int number, const int out_height, const int out_width)
{
    const int row = number / out_width;
    return (position_t){number, row / out_height, row % out_height, number % out_width};
}

// Further on by `step`: a digit carries one at most.
static position_t moved(const position_t p, const position_t step, const int out_height, const int out_width)
{
    position_t to = {p.number + step.number, p.image + step.image, p.i + step.i, p.j + step.j};
    if (to.j >= out_width) {
        to.j -= out_width;
        to.i++;
    }
    if (to.i >= out_height) {
        to.i -= out_height;
        to.image++;
    }
    return to;
}

// A weight of an output channel: its tap, and where its pixel lies from the one that the window begins at in the first channel.
typedef struct {
    int place, down, across;
} weight_t;

static weight_t weight_at(
    const int column, const int plane, const int width, const int dilation_height, const int dilation_width)
{
    const int tap = column % TAPS, down = tap / KERNEL_WIDTH * dilation_height, across = tap % KERNEL_WIDTH * dilation_width;
    return (weight_t){column / TAPS * plane + down * width + across, down, across};
}

// Whether the pixel that a weight meets in a window is one of the image's.
static bool is_pixel(const weight_t weight, const int window_top, const int window_left, const int height, const int width)
{
#if PADDED
    return (uint)(window_top + weight.down) < (uint)height && (uint)(window_left + weight.across) < (uint)width;
#else
    return true;
#endif
}
