import SemblanceCore

extension Op {
    /// Appends the tasks that compute a step.
    func lower(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        switch self {
        case .convolution(let convolution): try convolution.lower(step, lowering)
        case .convolutionInputGradient(let convolution): try convolution.lowerInputGradient(step, lowering)
        case .convolutionWeightGradient(let convolution): try convolution.lowerWeightGradient(step, lowering)
        case .fullyConnected(let layer): try layer.lower(step, lowering)
        case .fullyConnectedInputGradient: try FullyConnected.lowerInputGradient(step, lowering)
        case .fullyConnectedWeightGradient: try FullyConnected.lowerWeightGradient(step, lowering)
        case .biasGradient: try lowerBiasGradient(step, lowering)
        case .batchNorm(let norm): try norm.lower(step, lowering)
        case .batchNormTraining(let norm): try norm.lowerTraining(step, lowering)
        case .batchNormTrainingGradient(let norm): try norm.lowerGradient(step, lowering, usesBatch: true)
        case .batchNormGradient(let norm): try norm.lowerGradient(step, lowering, usesBatch: false)
        case .l2Normalise(let epsilon): try lowerL2Normalise(step, lowering, epsilon: epsilon)
        case .l2NormaliseGradient(let epsilon): try lowerL2NormaliseGradient(step, lowering, epsilon: epsilon)
        case .softmax(let axis): try lowerSoftmax(step, lowering, axis: axis)
        case .softmaxGradient(let axis): try lowerSoftmaxGradient(step, lowering, axis: axis)
        case .activation(let activation): try activation.lower(step, lowering)
        case .activationGradient(let activation): try activation.lowerGradient(step, lowering)
        case .add, .multiply, .divide: try lowerBinary(step, lowering)
        case .reduceSum: try lowerReduceSum(step, lowering)
        case .dropout(let dropout): try dropout.lower(step, lowering)
        case .maxPool(let window): try window.lowerMaxPool(step, lowering)
        case .maxPoolGradient(let window): try window.lowerMaxPoolGradient(step, lowering)
        case .averagePool(let pool): try pool.lower(step, lowering)
        case .averagePoolGradient(let pool): try pool.lowerGradient(step, lowering)
        case .globalAveragePool: try lowerGlobalAveragePool(step, lowering)
        case .globalAveragePoolGradient: try lowerGlobalAveragePoolGradient(step, lowering)
        case .reshape: try lowerReshape(step, lowering)
        case .transpose(let permutation): try lowerTranspose(step, lowering, permutation)
        case .concat(let axis): try lowerConcat(step, lowering, axis: axis)
        case .slice(let axis, let start, _): try lowerSlice(step, lowering, axis: axis, start: start)
        case .pad(let pad): try pad.lower(step, lowering)
        case .resizeLinear(let resize): try resize.lower(step, lowering)
        case .resizeLinearGradient(let resize): try resize.lowerGradient(step, lowering)
        case .resizeNearest(let scale): try lowerResizeNearest(step, lowering, scale)
        case .resizeNearestGradient(let scale): try lowerResizeNearestGradient(step, lowering, scale)
        case .marginSoftmax(let loss): try loss.lower(step, lowering)
        case .marginSoftmaxGradient(let loss): try loss.lowerGradient(step, lowering)
        case .sumOfSquares: try lowerSumOfSquares(step, lowering)
        case .sgd(let sgd): try sgd.lower(step, lowering)
        case .adamW(let adamW): try adamW.lower(step, lowering)
        }
    }
}
