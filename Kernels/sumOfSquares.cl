// y[group] = the sum of the squares of the group's `chunk` elements of x [count]; reduceSum adds the groups up.
// Work-groups of GROUP.

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void sumOfSquares(
    CONST_TENSOR(x), TENSOR(y), const ulong count, const ulong chunk)
{
    __local float scratch[GROUP];
    const ulong begin = get_group_id(0) * chunk;
    const ulong end = min(begin + chunk, count);
    float sum = 0.0f;
    for (ulong i = begin + get_local_id(0); i < end; i += GROUP) sum += AT(x)[i] * AT(x)[i];
    sum = group_sum(sum, scratch);
    if (get_local_id(0) == 0) AT(y)[get_group_id(0)] = sum;
}
