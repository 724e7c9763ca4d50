// Batch normalisation of x [N,C,...] with its own statistics, in three kernels.
// batchNormStatistics: a work-group of GROUP for each (channel, split) -> mean and squared deviation of its `chunk` elements.
// batchNormMerge: a work-group of GROUP a channel -> the batch's statistics, and the running ones brought up to date.
// batchNormTraining: VECTOR elements of one channel a work-item; work-groups of any size.
//
// Sums are of differences from an element of the same work-item's: sum (x - x0)^2 is at most n times the squared deviation from
// the mean of the n elements, x0 being one of them, so subtracting n (mean - x0)^2 from it cannot lose the result however far from
// zero the data lie. Parts are merged as by Chan, Golub and LeVeque (1979).

// Merges the parts of a work-group, as (count, mean, squared deviation), into element 0.
static void merge_parts(__local float *counts, __local float *means, __local float *deviations)
{
    const uint item = get_local_id(0);
    for (uint half_size = GROUP / 2; half_size > 0; half_size /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < half_size && counts[item + half_size] > 0.0f) {
            const float n = counts[item] + counts[item + half_size];
            const float share = counts[item + half_size] / n;
            const float delta = means[item + half_size] - means[item];
            deviations[item] += deviations[item + half_size] + delta * delta * counts[item] * share;
            means[item] += delta * share;
            counts[item] = n;
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

// partial: means [splits, C], then squared deviations [splits, C].
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void batchNormStatistics(
    CONST_VALUES(x), TENSOR(partial), const int channels, const int spatial, const ulong total, const ulong chunk)
{
    __local float counts[GROUP], means[GROUP], deviations[GROUP];
    const uint item = get_local_id(0);
    const index_t channel = get_group_id(0);
    const index_t begin = get_group_id(1) * chunk;
    const index_t end = min(begin + (index_t)chunk, (index_t)total);
    const index_t first = begin + item;
    const float origin = first < end ? LOAD(AT(x), channel_place(first, channel, channels, spatial)) : 0.0f;
    float sum = 0.0f;
    float squares = 0.0f;
    float n = 0.0f;
    for (index_t j = first; j < end; j += GROUP) {
        const float d = LOAD(AT(x), channel_place(j, channel, channels, spatial)) - origin;
        sum += d;
        squares += d * d;
        n += 1.0f;
    }
    const float shift = sum / fmax(n, 1.0f);
    counts[item] = n;
    means[item] = origin + shift;
    deviations[item] = squares - sum * shift;
    merge_parts(counts, means, deviations);
    if (item == 0) {
        const size_t at = get_group_id(1) * channels + channel;
        AT(partial)[at] = means[0];
        AT(partial)[at + get_num_groups(1) * channels] = deviations[0];
    }
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void batchNormMerge(
    CONST_TENSOR(partial), TENSOR(mean), TENSOR(inverseDeviation), TENSOR(runningMean), TENSOR(runningVariance),
    const float epsilon, const float momentum, const int splits, const ulong total, const ulong chunk)
{
    __local float counts[GROUP], means[GROUP], deviations[GROUP];
    const uint item = get_local_id(0);
    const size_t channel = get_group_id(0);
    const size_t channels = get_num_groups(0);
    float n = 0.0f;
    float m = 0.0f;
    float deviation = 0.0f;
    for (size_t split = item; split < splits; split += GROUP) {
        const float part = min(chunk, total - split * chunk);
        const float share = part / (n + part);
        const float delta = AT(partial)[split * channels + channel] - m;
        deviation += AT(partial)[(splits + split) * channels + channel] + delta * delta * n * share;
        m += delta * share;
        n += part;
    }
    counts[item] = n;
    means[item] = m;
    deviations[item] = deviation;
    merge_parts(counts, means, deviations);
    if (item == 0) {
        const float variance = deviations[0] / total;
        // One element has no unbiased variance: 0 then.
        const float unbiased = deviations[0] / max(total - 1, (ulong)1);
        AT(mean)[channel] = means[0];
        AT(inverseDeviation)[channel] = 1.0f / sqrt(variance + epsilon);
        AT(runningMean)[channel] = (1.0f - momentum) * AT(runningMean)[channel] + momentum * means[0];
        AT(runningVariance)[channel] = (1.0f - momentum) * AT(runningVariance)[channel] + momentum * unbiased;
    }
}

__kernel void batchNormTraining(
    CONST_VALUES(x), CONST_TENSOR(gamma), CONST_TENSOR(beta), CONST_TENSOR(mean), CONST_TENSOR(inverseDeviation),
    VALUES(y), const int channels, const int spatial, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const index_t c = (index_t)i * VECTOR / (index_t)spatial % (index_t)channels;
    const floatv normalised = (LOAD_VECTOR(x, i) - AT(mean)[c]) * AT(inverseDeviation)[c];
    STORE_VECTOR(y, i, normalised * AT(gamma)[c] + AT(beta)[c]);
}
