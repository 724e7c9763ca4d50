// Stochastic gradient descent with momentum, weight decay and clipping by the norm of the whole gradient. VECTOR elements a
// work-item; work-groups of any size. hyper: 0 learning rate, 1 largest norm, 4 exponent of the loss's
// scale.

__kernel void sgd(
    CONST_TENSOR(gradient), CONST_TENSOR(hyper), CONST_TENSOR(squaredNorm), TENSOR(parameter), TENSOR(velocity),
    const float momentum, const float weightDecay, const ulong count)
{
    const size_t i = get_global_id(0);
    const float norm = AT(squaredNorm)[0];
    // A gradient with NaN or infinity would spoil the weights for good: keep the last good ones.
    if (i >= count || !isfinite(norm)) return;
    const floatv p = VECTORS(parameter)[i];
    const floatv g = CONST_VECTORS(gradient)[i] * clip_scale(norm, AT(hyper)[1], AT(hyper)[4]) + weightDecay * p;
    const floatv v = momentum * VECTORS(velocity)[i] + g;
    VECTORS(velocity)[i] = v;
    VECTORS(parameter)[i] = p - AT(hyper)[0] * v;
}
