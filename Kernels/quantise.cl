// y = the nearest of 256 levels: scale times a whole number from `low` to `high`. VECTOR elements a work-item, work-groups of any size.

__kernel void quantise(
    CONST_TENSOR(x), TENSOR(y), const float scale, const float low, const float high, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    VECTORS(y)[i] = clamp(rint(CONST_VECTORS(x)[i] / scale), (floatv)(low), (floatv)(high)) * scale;
}
