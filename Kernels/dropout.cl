// y = x * scale where the hash of (seed, step, index) is not below the threshold, 0 elsewhere. One element a work-item; work-groups
// of any size.

// MurmurHash3's finaliser (Appleby).
static uint murmur_finalise(uint h)
{
    h = (h ^ (h >> 16)) * 0x85EBCA6Bu;
    h = (h ^ (h >> 13)) * 0xC2B2AE35u;
    return h ^ (h >> 16);
}

__kernel void dropout(
    CONST_VALUES(x), CONST_TENSOR(step), VALUES(y), const uint seed, const uint threshold, const float scale,
    const ulong count)
{
    const size_t i = get_global_id(0);
    if (i >= count) return;
    const uint key = murmur_finalise((uint)AT(step)[0] ^ 0x9E3779B9u);
    const uint hash = murmur_finalise(murmur_finalise((uint)i ^ murmur_finalise(seed)) + key);
    STORE(AT(y), i, hash < threshold ? 0.0f : LOAD(AT(x), i) * scale);
}
