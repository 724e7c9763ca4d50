import Foundation
import SemblanceCore

extension OpCase {
    /// Fresh data for the inputs, and what the outputs hold before.
    /// - Parameter inHalf: what the operation takes in half is rounded to it.
    package func data(_ random: inout RandomSource, inHalf: Bool = false)
        -> (inputs: [[Float]], before: [[Float]?])
    {
        var values: [[Float]] = []
        for (index, input) in inputs.enumerated() {
            var contents = fill(input.fill, input.shape, values, &random)
            if inHalf, op.takesHalf(input: index) { contents = contents.map { Float(Float16($0)) } }
            values.append(contents)
        }
        return (
            values, outputs.map { output in output.before.map { fill($0, output.shape, values, &random) } }
        )
    }

    private func fill(_ fill: Fill, _ shape: Shape, _ values: [[Float]], _ random: inout RandomSource)
        -> [Float]
    {
        let count = shape.count
        switch fill {
        case .normal: return (0..<count).map { _ in random.normal() }
        case .uniform(let range): return (0..<count).map { _ in random.uniform(range) }
        case .integers(let range):
            return (0..<count).map { _ in Float(Int.random(in: range, using: &random)) }
        case .distinct: return (0..<count).shuffled(using: &random).map { Float($0 - count / 2) / 16 }
        case .shifted(let mean): return (0..<count).map { _ in mean + random.normal() }
        case .fixed(let values):
            precondition(values.count == count, "\(name): \(values.count) fixed values for \(shape)")
            return values
        case .cosines:
            return (0..<count).map { _ in
                let edge = random.uniform() < 0.1
                return edge ? (random.uniform() < 0.5 ? -0.9999 : 0.9999) : random.uniform(-0.95...0.95)
            }
        case .pixels:
            return (0..<count).map { _ in Float(Int.random(in: 0..<1 << 24, using: &random)) }
        case .views(let pictures, let capacity):
            return (0..<shape.batch).flatMap { _ in
                view(of: Int.random(in: 0..<pictures, using: &random), capacity: capacity, &random)
            }
        case .channelMean(let source):
            return statistics(of: source, values).map { Float($0.mean) }
        case .channelInverseDeviation(let source, let epsilon):
            return statistics(of: source, values).map {
                Float(1 / ($0.variance + Double(epsilon)).squareRoot())
            }
        }
    }

    private func view(of picture: Int, capacity: Int, _ random: inout RandomSource) -> [Float] {
        let width = Int.random(in: 0...capacity, using: &random)
        let height = width == 0 ? 0 : Int.random(in: 1...capacity / width, using: &random)
        let size = [Float(picture), Float(width), Float(height)]
        let shift = (0..<2).map { _ in random.uniform(-6...6) }
        guard random.uniform() < 0.6 else {
            return size + [1, 0, shift[0].rounded(), 0, 1, shift[1].rounded()]
        }
        let linear = (0..<4).map { _ in random.uniform(-2...2) }
        return size + [linear[0], linear[1], shift[0], linear[2], linear[3], shift[1]]
    }

    private func statistics(of source: Int, _ values: [[Float]]) -> [(mean: Double, variance: Double)] {
        let shape = inputs[source].shape
        var channels = [[Double]](repeating: [], count: shape.channels)
        for (index, value) in values[source].enumerated() {
            channels[index / shape.spatialCount % shape.channels].append(Double(value))
        }
        return channels.map { channel in
            let mean = channel.reduce(0, +) / Double(channel.count)
            return (mean, channel.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(channel.count))
        }
    }
}
