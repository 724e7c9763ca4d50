import SemblanceCore

/// What is applied to a product's result before it is stored.
package struct Epilogue: Sendable {
    package enum BiasAxis: Int, Sendable {
        case rows = 1
        case columns = 2
    }

    /// One element a row or a column of C; rows go on from product to product of a period.
    package var bias: DeviceTensor?
    package var biasAxis: BiasAxis
    /// Laid out as C.
    package var residual: DeviceTensor?
    package var activation: Activation?
    /// PReLU's, one element a row, as `bias`.
    package var slope: DeviceTensor?

    package init(
        bias: DeviceTensor? = nil, biasAxis: BiasAxis = .rows, residual: DeviceTensor? = nil,
        activation: Activation? = nil, slope: DeviceTensor? = nil
    ) {
        self.bias = bias
        self.biasAxis = biasAxis
        self.residual = residual
        self.activation = activation
        self.slope = slope
    }

    package var isEmpty: Bool { bias == nil && residual == nil && activation == nil }
}

/// C = activation(alpha op(A) op(B) + beta C + bias + residual) on row-major matrices, for each of `batch` products.
///
/// The operands of product i start at (i mod period) batchStride + (i / period) periodStride elements: the groups of a
/// convolution are a period, and the images count the periods.
package struct MatrixProduct: Sendable {
    package struct Operand: Sendable {
        package var tensor: DeviceTensor
        /// Elements between rows as stored.
        package var leading: Int
        package var transposed: Bool
        /// Elements between the operands of consecutive products.
        package var batchStride: Int
        /// Elements between the operands of products that are a period apart.
        package var periodStride: Int

        package init(
            _ tensor: DeviceTensor, leading: Int, transposed: Bool = false, batchStride: Int = 0,
            periodStride: Int = 0
        ) {
            self.tensor = tensor
            self.leading = leading
            self.transposed = transposed
            self.batchStride = batchStride
            self.periodStride = periodStride
        }
    }

    package var m: Int
    package var n: Int
    package var k: Int
    package var batch: Int
    /// See above; 1 or more.
    package var period: Int
    package var alpha: Float
    package var beta: Float
    package var a: Operand
    package var b: Operand
    package var c: Operand
    package var epilogue: Epilogue

    package init(
        m: Int, n: Int, k: Int, batch: Int = 1, period: Int? = nil, alpha: Float = 1, beta: Float = 0,
        a: Operand,
        b: Operand, c: Operand, epilogue: Epilogue = Epilogue()
    ) {
        self.m = m
        self.n = n
        self.k = k
        self.batch = batch
        self.period = period ?? batch
        self.epilogue = epilogue
        self.alpha = alpha
        self.beta = beta
        self.a = a
        self.b = b
        self.c = c
    }
}

extension MatrixProduct {
    /// Whether an operand is stored in half.
    var hasHalf: Bool { [a, b, c].contains { $0.tensor.element == .half } }
}

extension MatrixProduct.Operand {
    /// The operand of one product of a batch.
    package func element(_ index: Int, period: Int) -> DeviceTensor {
        tensor.part(from: index % period * batchStride + index / period * periodStride, tensor.shape)
    }
}
