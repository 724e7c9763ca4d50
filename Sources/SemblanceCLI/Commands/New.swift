import Foundation
import Semblance

enum NewCommand: Command {
    static let name = "new"
    static let summary = "Write a network with seeded random weights, for benchmarks."
    static let operands = ""
    static let options =
        [
            Option("--output", "FILE", "the ONNX file to write"),
            Option("--json", nil, "print JSON"),
        ] + NetworkOptions.options

    static func run(_ arguments: Arguments) throws -> Int32 {
        _ = try arguments.operands(0, "no operands")
        let output = try arguments.required("--output")
        let network = try NetworkOptions.network(arguments)
        let model = RecognitionModel(
            network: network,
            description: ModelDescription(
                input: try InputFormat(trainingInputOf: network),
                calibration: .uncalibrated(reason: "the weights are random")))
        try model.write(to: output)
        if arguments.flag("--json") {
            try Console.json([
                "output": output, "network": network.name, "parameters": String(network.parameterCount),
            ])
        } else {
            Console.print("wrote \(output): \(network.name), \(network.parameterCount) parameters")
        }
        return 0
    }
}

/// The options that describe a new network.
enum NetworkOptions {
    static let options = [
        Option(
            "--network", "NAME",
            Architecture.allCases.map(\.rawValue).joined(separator: ", ") + " (default: small)"),
        Option("--size", "PIXELS", "height and width of the input (default: the network's own)"),
        Option("--channels", "N", "1 for grey, 3 for RGB (default: 3)"),
        Option("--embedding", "N", "length of the embedding (default: the network's own)"),
        Option("--seed", "N", "seeds the weights and all that is random (default: 1)"),
    ]

    static func seed(_ arguments: Arguments) throws(SemblanceError) -> UInt64 {
        UInt64(try arguments.integer("--seed", 0...Int.max) ?? 1)
    }

    static func network(_ arguments: Arguments) throws(SemblanceError) -> Network {
        let architecture = try arguments.choice("--network", Architecture.self) ?? .small
        return try architecture.network(
            size: arguments.integer("--size", 1...4096) ?? architecture.defaultSize,
            channels: arguments.integer("--channels", 1...3) ?? 3,
            embedding: arguments.integer("--embedding", 1...1_000_000), seed: seed(arguments))
    }
}
