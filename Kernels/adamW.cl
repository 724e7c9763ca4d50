// Adam with decoupled weight decay and clipping by the norm of the whole gradient. VECTOR elements a work-item; work-groups of
// any size. hyper: 0 learning rate, 1 largest norm, 2 and 3 bias corrections of the moments, 4 exponent of the loss's scale.

__kernel void adamW(
    CONST_TENSOR(gradient), CONST_TENSOR(hyper), CONST_TENSOR(squaredNorm), TENSOR(parameter), TENSOR(first),
    TENSOR(second), const float beta1, const float beta2, const float epsilon, const float weightDecay,
    const ulong count)
{
    const size_t i = get_global_id(0);
    const float norm = AT(squaredNorm)[0];
    // A gradient with NaN or infinity would spoil the weights for good: keep the last good ones.
    if (i >= count || !isfinite(norm)) return;
    const float rate = AT(hyper)[0];
    const floatv g = CONST_VECTORS(gradient)[i] * clip_scale(norm, AT(hyper)[1], AT(hyper)[4]);
    const floatv m = beta1 * VECTORS(first)[i] + (1.0f - beta1) * g;
    const floatv v = beta2 * VECTORS(second)[i] + (1.0f - beta2) * g * g;
    const floatv decayed = VECTORS(parameter)[i] * (1.0f - rate * weightDecay);
    VECTORS(first)[i] = m;
    VECTORS(second)[i] = v;
    VECTORS(parameter)[i] = decayed - rate * (m * AT(hyper)[2]) / (sqrt(v * AT(hyper)[3]) + epsilon);
}
