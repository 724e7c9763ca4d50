import SemblanceCore

/// A form of PTX that kernels for tensor cores are made of: FORM in probeInstructions.cl.
package enum WarpInstruction: Int, CaseIterable, Sendable {
    case multiplyHalf, multiplyBFloat, multiplyTF32, loadMatrices, loadTransposed, copy16, copy4, round

    /// As PTX writes it.
    package var name: String {
        switch self {
        case .multiplyHalf: "mma.sync m16n8k16 f16 -> f32"
        case .multiplyBFloat: "mma.sync m16n8k16 bf16 -> f32"
        case .multiplyTF32: "mma.sync m16n8k8 tf32 -> f32"
        case .loadMatrices: "ldmatrix x4"
        case .loadTransposed: "ldmatrix x4 trans"
        case .copy16: "cp.async 16 bytes, in groups"
        case .copy4: "cp.async 4 bytes, in groups"
        case .round: "cvt f16x2 and tf32"
        }
    }

    package var trial: ProbeTrial {
        ProbeTrial(group: ProbeTrial.instructionGroup, name: name, obstacle: ProbeTrial.lackOfPTX) {
            (bench) throws(SemblanceError) in
            let program = try bench.program(
                "probeInstructions", ["FORM": rawValue, "EMULATED": bench.isEmulated ? 1 : 0])
            switch self {
            case .multiplyHalf: return try bench.multiply(program, rows: 16, Operand.half)
            case .multiplyBFloat: return try bench.multiply(program, rows: 16, Operand.bfloat)
            case .multiplyTF32: return try bench.multiply(program, rows: 16, Operand.tf32)
            case .loadMatrices: return try bench.loadMatrices(program, transposed: false)
            case .loadTransposed: return try bench.loadMatrices(program, transposed: true)
            case .copy16: return try bench.copy(program, words: 4)
            case .copy4: return try bench.copy(program, words: 1)
            case .round: return try bench.round(program)
            }
        }
    }
}

extension ProbeTrial {
    package static let instructionGroup = "inline PTX"

    static let lackOfPTX: @Sendable (OpenCLDevice) -> String? = { device in
        device.isNVIDIA ? nil : "PTX is NVIDIA's, and the platform is \(device.device.platform)"
    }
}

/// How an operand of a product is stored.
enum Operand {
    case half, bfloat, tf32

    /// The depth of a product: 32 bytes of an operand.
    var depth: Int { self == .tf32 ? 8 : 16 }

    /// A value near `value` that the form holds exactly, and its bits.
    func stored(_ value: Float) -> (bits: UInt32, value: Float) {
        switch self {
        case .half:
            let half = Float16(value)
            return (UInt32(half.bitPattern), Float(half))
        case .bfloat:
            let bits = value.bitPattern >> 16
            return (bits, Float(bitPattern: bits << 16))
        case .tf32:
            let bits = value.bitPattern & 0xFFFF_E000
            return (bits, Float(bitPattern: bits))
        }
    }
}

extension ProbeBench {
    /// y = A x B + C against double precision. Products are exact and the sum is of floats, which tensor cores cut off rather than round: 2^-20 of
    /// the sum of magnitudes covers 17 terms.
    func multiply(_ program: Shared<CLProgram>, rows: Int, _ operand: Operand) throws(SemblanceError)
        -> ProbeItem.Finding
    {
        let depth = operand.depth, columns = 8
        let a = (0..<rows * depth).map { _ in operand.stored(random.normal()) }
        let b = (0..<depth * columns).map { _ in operand.stored(random.normal()) }
        let c = (0..<rows * columns).map { _ in random.normal() }
        func stored(_ matrix: [(bits: UInt32, value: Float)]) throws(SemblanceError) -> Shared<CLBuffer> {
            if operand == .tf32 { return try buffer(matrix.map(\.bits)) }
            return try buffer(matrix.map { UInt16(truncatingIfNeeded: $0.bits) })
        }
        let result = try results(c.count, UInt32.self)
        let kernel = try kernel(
            "multiply", of: program,
            [.buffer(stored(a)), .buffer(stored(b)), .buffer(buffer(c)), .buffer(result)])
        try enqueue(kernel, global: rows * 2, local: rows * 2)
        let got = try read(result, c.count, like: Float.nan)
        var worst = 0.0
        for row in 0..<rows {
            for column in 0..<columns {
                let place = row * columns + column
                var sum = Double(c[place]), magnitude = abs(sum)
                for k in 0..<depth {
                    let product = Double(a[row * depth + k].value) * Double(b[k * columns + column].value)
                    sum += product
                    magnitude += abs(product)
                }
                let error = abs(Double(got[place]) - sum) / magnitude
                // Also what is not a number.
                guard error <= 0x1p-20 else {
                    return .init(
                        outcome: .wrong,
                        detail: "row \(row), column \(column) is \(got[place]) and should be \(Float(sum))")
                }
                worst = max(worst, error)
            }
        }
        return .init(outcome: .correct, detail: "off by at most \(Float(worst)) of the sum of magnitudes")
    }

    func loadMatrices(_ program: Shared<CLProgram>, transposed: Bool) throws(SemblanceError)
        -> ProbeItem.Finding
    {
        let x = (0..<256).map { _ in UInt16.random(in: .min ... .max, using: &random) }
        let rows = (0..<32 as Range<UInt32>).shuffled(using: &random)
        let result = try results(128, UInt32.self)
        let kernel = try kernel(
            "load", of: program, [.buffer(buffer(x)), .buffer(buffer(rows)), .buffer(result)])
        try enqueue(kernel, global: 32, local: 32)
        let want = (0..<128).map { place -> UInt32 in
            let lane = place / 4, matrix = place % 4
            let pair = (0..<2).map { part -> UInt32 in
                let (row, column) =
                    transposed ? (lane % 4 * 2 + part, lane / 4) : (lane / 4, lane % 4 * 2 + part)
                return UInt32(x[Int(rows[matrix * 8 + row]) * 8 + column])
            }
            return pair[1] << 16 | pair[0]
        }
        return compare(try read(result, 128, like: UInt32(0)), want)
    }

    /// - Parameter words: of 32 bits, that one copy takes.
    func copy(_ program: Shared<CLProgram>, words: Int) throws(SemblanceError) -> ProbeItem.Finding {
        let count = 64 * words
        let x = (0..<count).map { _ in UInt32.random(in: .min ... .max, using: &random) }
        let taken = (0..<64).map { _ in UInt32.random(in: 0...1, using: &random) }
        let result = try results(count, UInt32.self)
        let kernel = try kernel(
            "copy", of: program, [.buffer(buffer(x)), .buffer(buffer(taken)), .buffer(result)])
        try enqueue(kernel, global: 32, local: 32)
        let want = (0..<count).map { (place: Int) -> UInt32 in
            let target = place / words
            let source = target / 32 * 32 + 31 - target % 32
            return x[source * words + place % words] * taken[source]
        }
        return compare(try read(result, count, like: UInt32(0)), want)
    }

    func round(_ program: Shared<CLProgram>) throws(SemblanceError) -> ProbeItem.Finding {
        let x = (0..<64).map { _ in random.normal() }
        let result = try results(96, UInt32.self)
        let kernel = try kernel("convert_values", of: program, [.buffer(buffer(x)), .buffer(result)])
        try enqueue(kernel, global: 32, local: 32)
        let halves = (0..<32).map { pair in
            UInt32(Float16(x[2 * pair + 1]).bitPattern) << 16 | UInt32(Float16(x[2 * pair]).bitPattern)
        }
        return compare(
            try read(result, 96, like: UInt32(0)), halves + x.map { ($0.bitPattern + 0x1000) & 0xFFFF_E000 })
    }

    /// Whether all is as it should be, to the bit.
    func compare<Value: Equatable>(_ got: [Value], _ want: [Value]) -> ProbeItem.Finding {
        guard let place = got.indices.first(where: { got[$0] != want[$0] }) else {
            return .init(outcome: .correct)
        }
        let wrong = zip(got, want).count { $0 != $1 }
        return .init(
            outcome: .wrong,
            detail:
                "\(wrong) of \(got.count) are wrong; number \(place) is \(got[place]) and should be \(want[place])"
        )
    }
}
