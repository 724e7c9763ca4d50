import SemblanceCore
import SemblanceTestSupport
import Testing

/// What ONNX networks add to the operations of our own networks, against PyTorch.
@Suite struct TorchFunctionTests {
    private static let activations: [String: Activation] = [
        "tanh": .tanh, "hardSigmoid": .hardSigmoid(alpha: 1.0 / 6, beta: 0.5), "hardSwish": .hardSwish,
        "clip": .clip(low: -0.5, high: 0.75), "squareRoot": .squareRoot, "power": .power(exponent: 1.75),
    ]
    private static let padModes: [String: Pad.Mode] = [
        "constant": .constant(0), "reflect": .reflect, "replicate": .edge,
    ]

    @Test(arguments: TestBackend.withReference) func functions(backend: TestBackend) throws {
        for vector in try TorchVector.load("functions") {
            let words = vector.name.split(separator: " ").map(String.init)
            let numbers = words.compactMap(Int.init)
            if let activation = Self.activations[words[0]] {
                try vector.expect(.activation(activation), ["x"], gives: ["y"], on: backend)
                try vector.expect(.activationGradient(activation), ["x", "dy"], gives: ["dx"], on: backend)
            } else if words[0] == "softmax" {
                try vector.expect(.softmax(axis: numbers[0]), ["x"], gives: ["y"], on: backend)
                try vector.expect(
                    .softmaxGradient(axis: numbers[0]), ["y", "dy"], gives: ["dx"], on: backend)
            } else if words[0] == "pad" {
                let mode = try #require(Self.padModes[words[1]])
                let pad = Pad(before: [0, 0, 2, 1], after: [0, 0, 0, 2], mode: mode)
                try vector.expect(.pad(pad), ["x"], gives: ["y"], on: backend)
            } else {
                try #require(words[0] == "resize")
                let resize = ResizeLinear(
                    size: Extent(numbers[0], numbers[1]),
                    coordinates: numbers[2] == 1 ? .alignCorners : .halfPixel)
                try vector.expect(.resizeLinear(resize), ["x"], gives: ["y"], on: backend)
                try vector.expect(.resizeLinearGradient(resize), ["dy"], gives: ["dx"], on: backend)
            }
        }
    }
}
