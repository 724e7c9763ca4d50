import SemblanceCore

extension Epilogue {
    var defines: [String: Int] {
        [
            "BIAS": bias == nil ? 0 : biasAxis.rawValue, "RESIDUAL": residual == nil ? 0 : 1,
            "ACTIVATION": activation.code,
        ]
    }

    /// The arguments that the defines switch on, in the kernels' order.
    var arguments: [KernelArgument] {
        [bias, residual?.named("residual"), slope].compactMap { $0.map(KernelArgument.tensor) }
            + activation.constants
    }
}

extension DeviceTraits {
    /// What computes a product of this size: what tuning has found, and else the rule. CLBlast takes the large products of GPUs. On CPU devices the vector kernel is 10 to 30
    /// times as fast. CLBlast has no epilogue, no float sums over half, batches only with allocations, slow paths for small sizes, and does not split k,
    /// which a small C with a long sum needs.
    func implementation(m: Int, n: Int, k: Int, inHalf: Bool = false) -> GemmPolicy {
        guard gemm == .automatic || gemm == .clblast && inHalf else { return gemm }
        if let choice = choice(m: m, n: n, k: k), !(inHalf && choice.gemm == .clblast) { return choice.gemm }
        guard isGPU else { return .vector }
        let isLarge = m >= 64 && n >= 256 && k >= 64
        return isLarge && !inHalf && splits(m: m, n: n, k: k, batch: 1) == 1 ? .clblast : .tiled
    }

    /// Into how many parts the sum over k is split, so that the tiles of C and the parts keep a GPU busy. Depends on nothing that changes
    /// from run to run: the order of a sum is fixed for a device.
    func splits(m: Int, n: Int, k: Int, batch: Int) -> Int {
        if let splits = choice(m: m, n: n, k: k)?.splits { return splits }
        let groups = (m + 63) / 64 * ((n + 63) / 64) * batch
        guard isGPU, k >= 1024, groups < 2 * computeUnits else { return 1 }
        return min(4 * computeUnits / groups, k / 256, 64)
    }
}

extension Lowering {
    /// Appends the commands of a product: CLBlast and an epilogue, or one launch of a kernel of gemm.cl.
    package mutating func product(_ product: MatrixProduct) {
        products.insert(ProductSize(m: product.m, n: product.n, k: product.k))
        switch traits.implementation(m: product.m, n: product.n, k: product.k, inHalf: product.hasHalf) {
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
                [.int(product.m), .int(product.n), .int(product.period)] + arguments(of: product.c, "c")
                    + product.epilogue.arguments)
        }
    }

    private func arguments(of operand: MatrixProduct.Operand, _ parameter: String) -> [KernelArgument] {
        [
            .tensor(operand.tensor.named(parameter)), .int(operand.leading), .int(operand.batchStride),
            .int(operand.periodStride),
        ]
    }

    private func arguments(of product: MatrixProduct) -> [KernelArgument] {
        [.int(product.m), .int(product.n), .int(product.k), .int(product.period)]
            + [.float(product.alpha), .float(product.beta)]
            + arguments(of: product.a, "a") + arguments(of: product.b, "b") + arguments(of: product.c, "c")
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

    /// A work-group computes a tile of 64 x 64, or a part of its sum.
    private mutating func tiled(_ product: MatrixProduct) {
        let splits = traits.splits(m: product.m, n: product.n, k: product.k, batch: product.batch)
        guard splits > 1, product.period == product.batch else { return tile(product, split: 0) }
        // A power of two, so that few programs are built.
        var depth = 256
        while depth * splits < product.k { depth *= 2 }
        let parts = (product.k + depth - 1) / depth
        let (m, n, batch) = (product.m, product.n, product.batch)
        let partials = scratch([parts, batch, m, n])
        var partial = product
        partial.batch = batch * parts
        partial.a.periodStride = depth * (product.a.transposed ? product.a.leading : 1)
        partial.b.periodStride = depth * (product.b.transposed ? 1 : product.b.leading)
        partial.c = .init(partials, leading: n, batchStride: m * n, periodStride: batch * m * n)
        partial.beta = 0
        partial.epilogue = Epilogue()
        tile(partial, split: depth)
        reduce(
            partials, parts: parts, into: product.c, m: m, n: n, batch: batch, period: product.period,
            beta: product.beta, epilogue: product.epilogue)
    }

    /// C = activation(sum of the partial products + beta C + bias + residual); the partial products are [parts, batch, m, n].
    mutating func reduce(
        _ partials: DeviceTensor, parts: Int, into c: MatrixProduct.Operand, m: Int, n: Int, batch: Int,
        period: Int, beta: Float = 0, epilogue: Epilogue
    ) {
        launchFlat(
            "gemm", "gemm_reduce", defines: epilogue.defines, count: batch * m * n,
            [.tensor(partials), .int(parts), .int(m), .int(n), .int(period), .float(beta)]
                + arguments(of: c, "c") + epilogue.arguments)
    }

    private mutating func tile(_ product: MatrixProduct, split: Int) {
        let side = traits.maxWorkGroup >= 256 ? 16 : 8
        var defines = defines(of: product)
        defines["SIDE"] = side
        defines["SPLIT"] = split
        let groups = [(product.n + 63) / 64, (product.m + 63) / 64]
        launch(
            KernelLaunch(
                "gemm", "gemm_tiled", defines: defines, arguments: arguments(of: product),
                global: [groups[0] * side, groups[1] * side, product.batch], local: [side, side, 1]))
    }
}
