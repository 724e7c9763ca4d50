// Softmax cross-entropy of scale * logits [N,C] with a margin on the label's logit, and its gradient. One work-group of GROUP a row.
// MARGIN: 0 none, 1 ArcFace, 2 CosFace, with angle m as `margin`.
// Differences of logits are taken before they are scaled: exp(scale * (a - b)) then has a small relative error where it matters.
#ifndef MARGIN
#define MARGIN 0
#endif
#define MARGIN_ARCFACE 1
#define MARGIN_COSFACE 2

// The sine below which ArcFace's slope is cut off: less than that of any float between -1 and 1, so only those at or beyond the ends meet it.
#define SMALLEST_SINE 3.1622776e-4f

// The label's logit with its margin.
static float with_margin(float x, float margin, float cosine_m, float sine_m)
{
#if MARGIN == MARGIN_ARCFACE
    const float c = isnan(x) ? x : clamp(x, -1.0f, 1.0f);
    if (c > -cosine_m) return c * cosine_m - sqrt((1.0f - c) * (1.0f + c)) * sine_m;
    return c - margin * sine_m;
#elif MARGIN == MARGIN_COSFACE
    return x - margin;
#else
    return x;
#endif
}

// Its derivative with respect to the logit.
static float margin_slope(float x, float cosine_m, float sine_m)
{
#if MARGIN == MARGIN_ARCFACE
    const float c = clamp(x, -1.0f, 1.0f);
    if (c > -cosine_m) return cosine_m + sine_m * c / fmax(sqrt((1.0f - c) * (1.0f + c)), SMALLEST_SINE);
#endif
    return 1.0f;
}

// What the loss is multiplied by, where SCALED is 1.
#if SCALED
#define LOSS_SCALE_PARAMETER CONST_TENSOR(lossScale),
#define LOSS_SCALE AT(lossScale)[0]
#else
#define LOSS_SCALE_PARAMETER
#define LOSS_SCALE 1.0f
#endif

// What the two kernels need of a row: the label's logit and the largest of all, both with the margin; the sum over the other
// classes of exp(scale * (logit - largest)), NaN for a label that is no class, and the label's own such term.
typedef struct {
    float target, largest, others, own;
    int label;
    bool correct;
} row_summary;

static row_summary summarise(
    __global const float *logits, float labelValue, int classes, float scale, float margin, float cosine_m,
    float sine_m, __local float *scratch)
{
    row_summary row;
    const bool valid = labelValue >= 0.0f && labelValue < classes;
    row.label = valid ? (int)labelValue : 0;
    float rival = -INFINITY;
    for (int j = get_local_id(0); j < classes; j += GROUP)
        if (j != row.label) rival = fmax(rival, logits[j]);
    rival = group_max(rival, scratch);
    const float plain = logits[row.label];
    row.correct = valid && plain >= rival;
    row.target = with_margin(plain, margin, cosine_m, sine_m);
    row.largest = fmax(rival, row.target);
    float others = 0.0f;
    for (int j = get_local_id(0); j < classes; j += GROUP)
        if (j != row.label) others += exp(scale * (logits[j] - row.largest));
    others = group_sum(others, scratch);
    row.others = valid ? others : NAN;
    row.own = exp(scale * (row.target - row.largest));
    return row;
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void marginSoftmax(
    CONST_TENSOR(logits), CONST_TENSOR(labels), TENSOR(loss), TENSOR(correct), const int classes, const float scale,
    const float margin, const float cosine_m, const float sine_m)
{
    __local float scratch[GROUP];
    const size_t n = get_group_id(0);
    const row_summary row = summarise(
        AT(logits) + n * classes, AT(labels)[n], classes, scale, margin, cosine_m, sine_m, scratch);
    if (get_local_id(0) == 0) {
        // log1p keeps the small losses of rows that are already right.
        AT(loss)[n] = row.target == row.largest
            ? log1p(row.others)
            : log(row.others + row.own) + scale * (row.largest - row.target);
        AT(correct)[n] = row.correct ? 1.0f : 0.0f;
    }
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void marginSoftmaxGradient(
    CONST_TENSOR(logits), CONST_TENSOR(labels), LOSS_SCALE_PARAMETER TENSOR(dlogits), const int classes, const float scale,
    const float margin, const float cosine_m, const float sine_m)
{
    __local float scratch[GROUP];
    const size_t n = get_group_id(0);
    __global const float *from = AT(logits) + n * classes;
    __global float *to = AT(dlogits) + n * classes;
    const row_summary row =
        summarise(from, AT(labels)[n], classes, scale, margin, cosine_m, sine_m, scratch);
    const float factor = scale / get_num_groups(0) / (row.others + row.own) * LOSS_SCALE;
    for (int j = get_local_id(0); j < classes; j += GROUP)
        to[j] = j == row.label
            ? -factor * row.others * margin_slope(from[j], cosine_m, sine_m)
            : factor * exp(scale * (from[j] - row.largest));
}
