/// One operation on float32 tensors. Backward passes are operations too, so that one table of cases tests and
/// times everything. Every case says its inputs -> outputs; square brackets mark optional ones, present where the
/// parameters say so. Tensors are row-major, images NCHW. Labels and step counters travel as floats.
public enum Op: Hashable, Sendable {
    // Products.
    /// x [N,C,H,W], weight [M,C/groups,kh,kw], [bias M], [residual, as y], [slope M] -> y [N,M,H',W'].
    case convolution(Convolution)
    /// dy, weight -> dx. Epilogues do not apply.
    case convolutionInputGradient(Convolution)
    /// x, dy -> dweight.
    case convolutionWeightGradient(Convolution)
    /// x [N,K], weight [M,K], [bias M] -> y [N,M].
    case fullyConnected(FullyConnected)
    /// dy [N,M], weight [M,K] -> dx [N,K].
    case fullyConnectedInputGradient
    /// x [N,K], dy [N,M] -> dweight [M,K].
    case fullyConnectedWeightGradient
    /// dy [N,C,...] -> dbias [C]: the sum over everything but the channel.
    case biasGradient

    // Normalisation.
    /// x [N,C,...], gamma [C], beta [C], mean [C], variance [C] -> y, from the running statistics.
    case batchNorm(BatchNorm)
    /// x, gamma, beta -> y, mean [C], inverse deviation [C], running mean [C], running variance [C]: from the
    /// batch's statistics. The running statistics are updated in place (variance unbiased, as in PyTorch; 0 for a single element).
    case batchNormTraining(BatchNorm)
    /// x, dy, gamma, mean, inverse deviation -> dx, dgamma, dbeta, through the batch's statistics.
    case batchNormTrainingGradient(BatchNorm)
    /// x, dy, gamma, running mean, running variance -> dx, dgamma, dbeta, with constant (frozen) statistics.
    case batchNormGradient(BatchNorm)
    /// x [N,K] -> x / max(|x|, epsilon), row by row.
    case l2Normalise(epsilon: Float)
    /// x, dy -> dx; dy / epsilon where |x| <= epsilon, since the divisor is constant there.
    case l2NormaliseGradient(epsilon: Float)
    /// x -> exp(x) over its sum along the axis, whatever the size of x. NaN along an axis that holds NaN, infinity or nothing but minus
    /// infinity.
    case softmax(axis: Int)
    /// y, dy -> dx, from softmax's result.
    case softmaxGradient(axis: Int)

    // Element by element.
    /// x, [slope C for PReLU] -> y. NaN stays NaN, save that ReLU, `clip` and `hardSigmoid` may make it their low bound
    /// on the CPU.
    case activation(Activation)
    /// x, dy, [slope] -> dx, [dslope]. At the corner of a ReLU the slope of the negative side counts, at those of `hardSigmoid`, `hardSwish`
    /// and `clip` the slope beyond the bound.
    case activationGradient(Activation)
    /// a, b -> a + b; b is as large as a or has some dimensions of 1.
    case add
    /// a, b -> a * b; b as for `add`.
    case multiply
    /// a, b -> a / b; b as for `add`.
    case divide
    /// x -> x summed over the axes that are 1 in the output (same rank): the gradient of broadcasting.
    case reduceSum
    /// x -> scale (clamp(round(x / scale) + zero, 0, 255) - zero): the nearest of 256 levels, of two as near the even number of steps from 0. A value
    /// that was written so can be a byte. What NaN gives is up to the backend.
    case quantise(Quantisation)
    /// x, step [1] -> y: each element kept with probability 1 - rate and scaled by 1 / (1 - rate), by a hash of (seed, step,
    /// index) that is the same on every backend. Its gradient is the same operation on dy.
    case dropout(Dropout)

    // Windows.
    /// x -> y; padding counts as minus infinity. What a window with NaN gives is up to the backend: NaN or the largest number;
    /// so is one of minus infinities alone: minus infinity or the least finite number.
    case maxPool(Window)
    /// x, dy -> dx; the first maximum in row-major order takes all.
    case maxPoolGradient(Window)
    /// x -> y; 0 for a window that holds nothing but uncounted padding.
    case averagePool(AveragePool)
    /// dy -> dx.
    case averagePoolGradient(AveragePool)
    /// x [N,C,H,W] -> y [N,C,1,1].
    case globalAveragePool
    /// dy [N,C,1,1] -> dx.
    case globalAveragePoolGradient

    // Form.
    /// x -> the same elements in another shape; 0 keeps the input's dimension, -1 is what remains, as in ONNX.
    case reshape([Int])
    /// x -> y with axis i of y being axis permutation[i] of x.
    case transpose([Int])
    /// x1, x2, ... -> y, joined along an axis.
    case concat(axis: Int)
    /// x -> y: `count` entries of an axis from `start` on. The gradient of concat.
    case slice(axis: Int, start: Int, count: Int)
    /// x -> y with entries before and after those of each axis.
    case pad(Pad)
    /// x [N,C,H,W] -> y [N,C,H*h,W*w], each pixel repeated.
    case resizeNearest(Extent)
    /// dy -> dx.
    case resizeNearestGradient(Extent)
    /// x [N,C,H,W] -> y [N,C,h,w] by bilinear interpolation, with the edge's pixels beyond the edge. No smoothing where the image shrinks.
    case resizeLinear(ResizeLinear)
    /// dy -> dx.
    case resizeLinearGradient(ResizeLinear)

    // Pictures.
    /// pictures [S,P], views [N, PictureView.count] -> y [N,C,H,W], what a network of that format takes: N affine views of S pictures
    /// of up to P pixels (`PackedPixel`), between four pixels bilinear, black outside of the picture. A grey output is the luma of BT.601.
    case warp(InputFormat)

    // Search.
    /// queries [Q,D], faces [P,D], groups [P] -> scores [Q,count], places [Q,count]: the groups with the largest inner products, each by the
    /// best of its faces, the best first; of equals, the face at the lower place. Groups are whole numbers, such as people. A face of
    /// a group below 0 does not take part, nor does one whose score is NaN or minus infinity. Where groups run out, the score is minus
    /// infinity and the place -1. At most 2^24 faces, so that a float holds a place.
    case topScores(count: Int)

    // Loss.
    /// cosines or logits [N,C], labels [N] -> loss [N], correct [N] (1 where no logit, taken before the margin, is larger than
    /// the label's). Labels are whole numbers from 0 to C - 1.
    case marginSoftmax(MarginSoftmax)
    /// logits [N,C], labels [N], [loss scale [1]] -> dlogits of the batch's mean loss, times the scale.
    case marginSoftmaxGradient(MarginSoftmax)

    // Optimisers; all outputs are updated in place. See `Hyperparameter` for the elements of `hyper`. Gradient and norm are those of the
    // scaled loss, where it is scaled.
    /// x [K] -> sum of squares [1].
    case sumOfSquares
    /// gradient [K], hyper, squared gradient norm [1] -> parameter [K], velocity [K]. Nothing changes where the norm is not finite.
    case sgd(SGD)
    /// gradient [K], hyper, squared gradient norm [1] -> parameter [K], first moment [K], second moment [K]. Nothing changes where the
    /// norm is not finite.
    case adamW(AdamW)
}

extension Op {
    /// The operation's name: also the stem of its files, of its kernel and of its messages.
    public var name: String {
        let text = String(describing: self)
        return String(text.prefix { $0 != "(" })
    }
}
