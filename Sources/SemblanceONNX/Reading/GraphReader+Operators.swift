import SemblanceCore

extension GraphReader {
    /// Reads one node: the values of its inputs are there, and it defines its output.
    typealias OperatorReader = @Sendable (GraphReader) -> (NodeProto) throws(SemblanceError) -> Void

    /// All operators that are read. To add one, write its method and name it here.
    static let operators: [String: OperatorReader] = [
        "Add": GraphReader.arithmetic,
        "AveragePool": GraphReader.averagePool,
        "BatchNormalization": GraphReader.batchNormalization,
        "Cast": GraphReader.cast,
        "Clip": GraphReader.clip,
        "Concat": GraphReader.concat,
        "Constant": GraphReader.constantNode,
        "Conv": GraphReader.convolution,
        "DequantizeLinear": GraphReader.dequantizeLinear,
        "Div": GraphReader.arithmetic,
        "Dropout": GraphReader.dropout,
        "Expand": GraphReader.expand,
        "Flatten": GraphReader.flatten,
        "Gather": GraphReader.gather,
        "Gemm": GraphReader.gemm,
        "GlobalAveragePool": GraphReader.globalAveragePool,
        "GlobalMaxPool": GraphReader.globalMaxPool,
        "Identity": GraphReader.identity,
        "LeakyRelu": GraphReader.leakyRelu,
        "LpNormalization": GraphReader.lpNormalization,
        "MatMul": GraphReader.matMul,
        "Max": GraphReader.maximum,
        "MaxPool": GraphReader.maxPool,
        "Mul": GraphReader.arithmetic,
        "PRelu": GraphReader.prelu,
        "ReduceL2": GraphReader.reduceL2,
        "ReduceMax": GraphReader.reduce,
        "ReduceMean": GraphReader.reduce,
        "ReduceSum": GraphReader.reduce,
        "ReduceSumSquare": GraphReader.reduce,
        "Relu": GraphReader.relu,
        "Reshape": GraphReader.reshape,
        "Resize": GraphReader.resize,
        "Shape": GraphReader.shape,
        "Sigmoid": GraphReader.sigmoid,
        "Slice": GraphReader.slice,
        "Squeeze": GraphReader.squeeze,
        "Split": GraphReader.split,
        "Sub": GraphReader.arithmetic,
        "Sum": GraphReader.sum,
        "Transpose": GraphReader.transpose,
        "Unsqueeze": GraphReader.unsqueeze,
        "Upsample": GraphReader.resize,
    ]
}
