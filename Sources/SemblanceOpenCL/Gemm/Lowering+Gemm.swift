import SemblanceCore

extension Activation? {
    /// ACTIVATION in the kernels' defines: see common.cl.
    package var code: Int {
        switch self {
        case nil: 0
        case .relu: 1
        case .leakyRelu: 2
        case .prelu: 3
        case .sigmoid: 4
        }
    }

    /// The constant slope that kernels take beside ACTIVATION.
    package var slope: Float {
        if case .leakyRelu(let slope) = self { slope } else { 0 }
    }
}

extension Epilogue {
    var defines: [String: Int] {
        [
            "BIAS": bias == nil ? 0 : biasAxis.rawValue, "RESIDUAL": residual == nil ? 0 : 1,
            "ACTIVATION": activation.code,
        ]
    }

    /// The arguments that the defines switch on, in the kernels' order.
    var arguments: [KernelArgument] {
        [bias, residual, slope].compactMap { $0.map(KernelArgument.tensor) } + [.float(activation.slope)]
    }
}

extension DeviceTraits {
    /// What computes a product of this size. CLBlast takes the large products of GPUs; its kernels reach a tenth of what the
    /// vector kernel does on CPU devices, and it has no epilogue, no batches without allocations and slow paths for small sizes.
    func implementation(m: Int, n: Int, k: Int) -> GemmPolicy {
        guard gemm == .automatic else { return gemm }
        guard isGPU else { return .vector }
        return m >= 64 && n >= 256 && k >= 64 ? .clblast : .tiled
    }
}

extension Lowering {
    /// Appends the commands of a product: CLBlast and an epilogue, or one launch of a kernel of gemm.cl.
    package mutating func product(_ product: MatrixProduct) {
        switch traits.implementation(m: product.m, n: product.n, k: product.k) {
        case .clblast: clblast(product)
        case .vector where !(product.a.transposed && product.b.transposed): vector(product)
        default: tiled(product)
        }
    }

    private mutating func clblast(_ product: MatrixProduct) {
        for index in 0..<product.batch {
            var single = product
            single.batch = 1
            single.period = 1
            single.epilogue = Epilogue()
            single.a.tensor = product.a.element(index, period: product.period)
            single.b.tensor = product.b.element(index, period: product.period)
            single.c.tensor = product.c.element(index, period: product.period)
            append(.product(single))
        }
        if !product.epilogue.isEmpty {
            let count = product.batch * product.m * product.n
            launchFlat(
                "gemm", "gemm_epilogue", defines: product.epilogue.defines, count: count,
                [.int(product.m), .int(product.n), .int(product.period)] + arguments(of: product.c)
                    + product.epilogue.arguments)
        }
    }

    private func arguments(of operand: MatrixProduct.Operand) -> [KernelArgument] {
        [
            .tensor(operand.tensor), .int(operand.leading), .int(operand.batchStride),
            .int(operand.periodStride),
        ]
    }

    private func arguments(of product: MatrixProduct) -> [KernelArgument] {
        [.int(product.m), .int(product.n), .int(product.k), .int(product.period)]
            + [.float(product.alpha), .float(product.beta)]
            + arguments(of: product.a) + arguments(of: product.b) + arguments(of: product.c)
            + product.epilogue.arguments
    }

    private func defines(of product: MatrixProduct) -> [String: Int] {
        var defines = product.epilogue.defines
        defines["TRANSPOSE_A"] = product.a.transposed ? 1 : 0
        defines["TRANSPOSE_B"] = product.b.transposed ? 1 : 0
        return defines
    }

    /// One work-item computes a tile, with vectors along n, or along k where B is transposed.
    private mutating func vector(_ product: MatrixProduct) {
        let (function, rows, columns) =
            product.b.transposed ? ("gemm_vector_nt", 4, 4) : ("gemm_vector_nn", 8, 32)
        let tiles = [(product.m + rows - 1) / rows, (product.n + columns - 1) / columns, product.batch]
        var defines = defines(of: product)
        defines["LONG_VECTORS"] = 1
        launch(
            KernelLaunch(
                "gemm", function, defines: defines, arguments: arguments(of: product), global: tiles,
                local: [1, 1, 1]))
    }

    /// A work-group computes a tile of 64 x 64.
    private mutating func tiled(_ product: MatrixProduct) {
        let side = traits.maxWorkGroup >= 256 ? 16 : 8
        var defines = defines(of: product)
        defines["SIDE"] = side
        let groups = [(product.n + 63) / 64, (product.m + 63) / 64]
        launch(
            KernelLaunch(
                "gemm", "gemm_tiled", defines: defines, arguments: arguments(of: product),
                global: [groups[0] * side, groups[1] * side, product.batch], local: [side, side, 1]))
    }
}
