// The gradient of averaging whole planes (which reduceSum does): dx [N,C,H,W] = dy [N,C] / (H W). VECTOR elements of one plane a
// work-item; work-groups of any size.

__kernel void globalAveragePoolGradient(CONST_VALUES(dy), VALUES(dx), const int spatial, const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    STORE_VECTOR(dx, i, (floatv)(LOAD(AT(dy), (index_t)i * VECTOR / (index_t)spatial) / spatial));
}
