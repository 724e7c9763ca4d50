// y = scale * (x summed over some axes). Output o starts at PLACE(kept, o) of x, and term r of a sum lies PLACE(reduced, r) on.
// reduceSum: one work-item an output, for short or many sums; work-groups of any size.
// reduceSumGroups: one work-group of GROUP for each (output, split) takes `chunk` terms; y is [splits, outputs].

__kernel void reduceSum(
    CONST_VALUES(x), VALUES(y), STRIDED(kept), STRIDED(reduced), const ulong terms, const float scale, const ulong count)
{
    const size_t o = get_global_id(0);
    if (o >= count) return;
    __global const ELEMENT(x) *from = AT(x) + PLACE(kept, o);
    float sum = 0.0f;
    for (index_t r = 0; r < (index_t)terms; r++) sum += LOAD(from, PLACE(reduced, r));
    STORE(AT(y), o, sum * scale);
}

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void reduceSumGroups(
    CONST_VALUES(x), VALUES(y), STRIDED(kept), STRIDED(reduced), const ulong terms, const ulong chunk,
    const float scale)
{
    __local float scratch[GROUP];
    const size_t o = get_group_id(0);
    const size_t split = get_group_id(1);
    const index_t begin = split * chunk;
    const index_t end = min(begin + (index_t)chunk, (index_t)terms);
    __global const ELEMENT(x) *from = AT(x) + PLACE(kept, o);
    float sum = 0.0f;
    for (index_t r = begin + get_local_id(0); r < end; r += GROUP) sum += LOAD(from, PLACE(reduced, r));
    sum = group_sum(sum, scratch);
    if (get_local_id(0) == 0) STORE(AT(y), split * get_num_groups(0) + o, sum * scale);
}
