import SemblanceCore

extension ProbeTrial {
    static let halves = [halfArithmetic, halfStorage]

    /// Sums and products of halves, which take cl_khr_fp16. On GPUs they are tried without it too.
    static let halfArithmetic = ProbeTrial(
        group: "half", name: "arithmetic",
        // Other drivers print the compiler's messages.
        obstacle: { $0.traits.isGPU || $0.hasHalfPrecision ? nil : "cl_khr_fp16 is not reported" }
    ) { (bench) throws(SemblanceError) in
        let count = 1024
        let (a, x, b) = (bench.halves(count), bench.halves(count), bench.halves(count))
        let result = try bench.results(count, UInt16.self)
        let kernel = try bench.kernel(
            "scale", of: bench.program("probeHalf"),
            [.buffer(bench.buffer(a)), .buffer(bench.buffer(x)), .buffer(bench.buffer(b)), .buffer(result)])
        try bench.enqueue(kernel, global: count, local: 64)
        let got = try bench.read(result, count, like: UInt16(0))
        for index in 0..<count {
            func value(_ bits: [UInt16]) -> Double { Double(Float16(bitPattern: bits[index])) }
            let product = value(a) * value(x), want = product + value(b)
            // The sum is rounded, and the product before it unless the two are fused; 2^-25 is half of the smallest step.
            let allowed = 0x1.01p-11 * (abs(product) + abs(want)) + 0x1p-24
            guard abs(value(got) - want) <= allowed else {
                return .init(
                    outcome: .wrong,
                    detail: "\(value(a)) x \(value(x)) + \(value(b)) gives \(value(got)) and not \(want)")
            }
        }
        let isReported = bench.device.hasHalfPrecision
        return .init(outcome: .correct, detail: "cl_khr_fp16 is \(isReported ? "" : "not ")reported")
    }

    /// vload_half and vstore_half, which every OpenCL has.
    static let halfStorage = ProbeTrial(group: "half", name: "vload_half and vstore_half_rte") {
        (bench) throws(SemblanceError) in
        let count = 1024
        // Any bits but those of NaN, which need not stay the same; floats that halves hold, that they round, and too large ones.
        let x = (0..<count).map { _ in UInt16.random(in: .min ... .max, using: &bench.random) }
            .map { Float16(bitPattern: $0).isNaN ? UInt16(0x3C00) : $0 }
        let u = (0..<count).map { _ in
            bench.random.normal()
                * Float(sign: .plus, exponent: Int.random(in: -20...16, using: &bench.random), significand: 1)
        }
        let floats = try bench.results(count, UInt32.self), halves = try bench.results(count, UInt16.self)
        let kernel = try bench.kernel(
            "store_halves", of: bench.program("probe"),
            [.buffer(bench.buffer(x)), .buffer(bench.buffer(u)), .buffer(floats), .buffer(halves)])
        try bench.enqueue(kernel, global: count, local: 64)
        let loaded = bench.compare(
            try bench.read(floats, count, like: Float(0)), x.map { Float(Float16(bitPattern: $0)) })
        guard loaded.outcome == .correct else { return loaded }
        return bench.compare(try bench.read(halves, count, like: UInt16(0)), u.map { Float16($0).bitPattern })
    }
}

extension ProbeBench {
    fileprivate func halves(_ count: Int) -> [UInt16] {
        (0..<count).map { _ in Float16(random.normal()).bitPattern }
    }
}
