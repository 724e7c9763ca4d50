import Foundation
import SemblanceCPU
import SemblanceCore
import SemblanceONNX
import SemblanceTestSupport

/// What a network computes, in double precision.
func reference(_ network: Network, _ input: [Float], batch: Int) throws -> [[Float]] {
    try evaluate(network, input, batch: batch, on: ReferenceBackend())
}

/// What a network computes on the CPU after all passes.
func optimised(_ network: Network, _ input: [Float], batch: Int) throws -> [[Float]] {
    try evaluate(network.optimised(), input, batch: batch, on: CPUBackend(threads: 1))
}

private func evaluate(_ network: Network, _ input: [Float], batch: Int, on backend: any Backend) throws
    -> [[Float]]
{
    let program = try Program.inference(network, batch: batch)
    let plan = try backend.prepare(program, options: PlanOptions())
    try plan.write(input, to: try value(network.inputName, of: program))
    try plan.run()
    return try network.outputNames.map { try plan.read(try value($0, of: program)) }
}

private func value(_ name: String, of program: Program) throws -> ValueID {
    guard let id = program.value(named: name) else {
        throw SemblanceError(.internalFault, "the program has no value \(name)")
    }
    return id
}

/// Uniform numbers in [-1, 1).
func noise(_ count: Int, _ random: inout RandomSource) -> [Float] {
    (0..<count).map { _ in random.uniform(-1...1) }
}

/// The largest |a - b| after scaling each row of `width` to length 1.
func embeddingDifference(_ a: [Float], _ b: [Float], width: Int) -> Float {
    guard a.count == b.count, !a.isEmpty else { return .infinity }
    var largest: Float = 0
    for row in stride(from: 0, to: a.count, by: width) {
        let x = a[row..<row + width], y = b[row..<row + width]
        let xLength = x.reduce(0) { $0 + $1 * $1 }.squareRoot(),
            yLength = y.reduce(0) { $0 + $1 * $1 }.squareRoot()
        for (p, q) in zip(x, y) {
            let difference = abs(p / xLength - q / yLength)
            guard difference.isFinite else { return .infinity }
            largest = max(largest, difference)
        }
    }
    return largest
}

/// max |a - b| over max |a|, or over `atLeast` where that is larger.
func relativeDifference(_ a: [Float], _ b: [Float], atLeast floor: Float = 1e-20) -> Float {
    guard a.count == b.count, let scale = a.map(abs).max() else { return .infinity }
    let largest = zip(a, b).map { abs($0 - $1) }.max() ?? .infinity
    return largest.isFinite ? largest / max(scale, floor) : .infinity
}

extension Network {
    /// Gives all parameters random values of a size that keeps activations alive, also those that start at 0 or 1.
    func randomised(_ random: inout RandomSource) -> Network {
        var network = self
        for index in parameters.indices {
            let shape = parameters[index].tensor.shape
            let fanIn = Float(max(1, shape.count / max(1, shape.dimensions.first ?? 1)))
            for position in 0..<shape.count {
                network.parameters[index].tensor.values[position] =
                    switch parameters[index].role {
                    case .weight: random.normal() * (2 / fanIn).squareRoot()
                    case .gamma, .runningVariance: random.uniform(0.5...1.5)
                    default: random.uniform(-0.5...0.5)
                    }
            }
        }
        return network
    }
}
