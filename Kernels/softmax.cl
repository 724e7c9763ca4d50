// Softmax along one axis, and its gradient, for each of `rows` vectors of `length` elements that lie `inner` apart.
// One work-group of GROUP a row; with GROUP 1 a work-item a row, work-groups of any size.

#if GROUP > 1
#define ROW get_group_id(0)
#define FIRST get_local_id(0)
#define SCRATCH __local float scratch[GROUP]
#define SUM(value) group_sum(value, scratch)
#define MAX(value) group_max(value, scratch)
#else
#define ROW get_global_id(0)
#define FIRST 0
#define SCRATCH
#define SUM(value) (value)
#define MAX(value) (value)
#endif
#define EACH(j) for (index_t j = FIRST; j < (index_t)length; j += GROUP)

// Where a row starts.
static index_t row_start(index_t row, index_t length, index_t inner)
{
    return row / inner * length * inner + row % inner;
}

// Subtracting the largest element keeps exp from overflowing.
__kernel void softmax(
    CONST_TENSOR(x), TENSOR(y), const ulong length, const ulong inner, const ulong rows)
{
    SCRATCH;
    if (ROW >= rows) return;
    const index_t start = row_start(ROW, length, inner);
    __global const float *from = AT(x) + start;
    __global float *to = AT(y) + start;
    float largest = -INFINITY, sum = 0.0f;
    EACH(j) largest = fmax(largest, from[j * (index_t)inner]);
    largest = MAX(largest);
    EACH(j) sum += exp(from[j * (index_t)inner] - largest);
    sum = SUM(sum);
    EACH(j) to[j * (index_t)inner] = exp(from[j * (index_t)inner] - largest) / sum;
}

// dx = y (dy - y . dy).
__kernel void softmaxGradient(
    CONST_TENSOR(y), CONST_TENSOR(dy), TENSOR(dx), const ulong length, const ulong inner, const ulong rows)
{
    SCRATCH;
    if (ROW >= rows) return;
    const index_t start = row_start(ROW, length, inner);
    __global const float *from = AT(y) + start, *gradient = AT(dy) + start;
    __global float *to = AT(dx) + start;
    float sum = 0.0f;
    EACH(j) sum += from[j * (index_t)inner] * gradient[j * (index_t)inner];
    sum = SUM(sum);
    EACH(j) to[j * (index_t)inner] = from[j * (index_t)inner] * (gradient[j * (index_t)inner] - sum);
}
