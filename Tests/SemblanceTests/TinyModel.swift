import Semblance
import SemblanceCore
import SemblanceImaging

/// Two convolutions and a fully connected layer, with statistics as after a training.
func tinyNetwork(seed: UInt64) throws -> Network {
    var builder = NetworkBuilder(name: "tiny", input: [3, 32, 32], seed: seed)
    try builder.convolution("conv1", channels: 8, kernel: 3, stride: 2, padding: 1)
    try builder.batchNorm("bn1")
    try builder.prelu("act1")
    try builder.convolution("conv2", channels: 16, kernel: 3, stride: 2, padding: 1)
    try builder.batchNorm("bn2")
    try builder.prelu("act2")
    try builder.flatten("flatten")
    try builder.fullyConnected("fc", outputs: 32)
    try builder.batchNorm("features")
    var network = builder.finished()
    var random = RandomSource(seed: seed, stream: 1)
    for index in network.parameters.indices {
        let count = network.parameters[index].tensor.values.count
        switch network.parameters[index].role {
        case .runningMean, .beta:
            network.parameters[index].tensor.values = (0..<count).map { _ in random.uniform(-0.3...0.3) }
        case .runningVariance, .gamma:
            network.parameters[index].tensor.values = (0..<count).map { _ in random.uniform(0.5...1.5) }
        default: break
        }
    }
    return network
}

func tinyModel(seed: UInt64) throws -> RecognitionModel {
    let network = try tinyNetwork(seed: seed)
    return RecognitionModel(
        network: network,
        description: ModelDescription(
            input: try InputFormat(trainingInputOf: network), calibration: .uncalibrated(reason: "a test")))
}

/// A seed for a test, printed so that a failure can be repeated.
func freshSeed(_ test: String) -> UInt64 {
    let seed = UInt64.random(in: 1...1 << 32)
    print("\(test): seed \(seed)")
    return seed
}

func faces(_ count: Int, seed: UInt64) -> [Image] {
    let people = SyntheticPeople(seed: seed)
    return (0..<count).map { people.render(person: $0, photo: 0, size: 40) }
}

/// The cosine of two vectors, in double precision and whatever their lengths.
func cosine(_ a: [Float], _ b: [Float]) -> Double {
    func dot(_ a: [Float], _ b: [Float]) -> Double {
        zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
}
