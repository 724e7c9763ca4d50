// Rows of x [N,K] over their Euclidean norm, and the gradient. One work-group of GROUP a row.

__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void l2Normalise(
    CONST_TENSOR(x), TENSOR(y), const int width, const float epsilon)
{
    __local float scratch[GROUP];
    const size_t row = get_group_id(0) * width;
    float squares = 0.0f;
    for (int k = get_local_id(0); k < width; k += GROUP) squares += AT(x)[row + k] * AT(x)[row + k];
    const float length = sqrt(group_sum(squares, scratch));
    // Not fmax, which would hide a NaN.
    const float norm = length < epsilon ? epsilon : length;
    for (int k = get_local_id(0); k < width; k += GROUP) AT(y)[row + k] = AT(x)[row + k] / norm;
}

// dx = (dy - y (y . dy)) / |x|; up to epsilon, where the norm is held constant, dy / epsilon.
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void l2NormaliseGradient(
    CONST_TENSOR(x), CONST_TENSOR(dy), TENSOR(dx), const int width, const float epsilon)
{
    __local float scratch[GROUP];
    const size_t row = get_group_id(0) * width;
    float squares = 0.0f;
    float products = 0.0f;
    for (int k = get_local_id(0); k < width; k += GROUP) {
        squares += AT(x)[row + k] * AT(x)[row + k];
        products += AT(x)[row + k] * AT(dy)[row + k];
    }
    const float length = sqrt(group_sum(squares, scratch));
    products = group_sum(products, scratch);
    const bool constant_norm = length <= epsilon;
    const float norm = constant_norm ? epsilon : length;
    const float along = constant_norm ? 0.0f : products / norm / norm;
    for (int k = get_local_id(0); k < width; k += GROUP)
        AT(dx)[row + k] = (AT(dy)[row + k] - AT(x)[row + k] * along) / norm;
}
