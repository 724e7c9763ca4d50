import SemblanceCore

/// What is known or assumed about a model file that was not written here.
enum ForeignModel {
    /// By the field's conventions: RGB; pixels from 0 to 255 for a network that scales its input itself, else from -1 to 1; a square
    /// input shows a face aligned to ArcFace's points.
    /// - Throws: `invalidModel` where the input is no image or the output no vector.
    static func description(of network: Network, path: String) throws(SemblanceError) -> ModelDescription {
        guard network.outputNames.count == 1 else {
            throw SemblanceError(
                .invalidModel,
                "\(path) is no recognition model: it has \(network.outputNames.count) outputs (\(network.outputNames.prefix(3).joined(separator: ", "))...)",
                remedy: "give a model with one embedding as output; a detector goes to --detector")
        }
        var input = try InputFormat(trainingInputOf: network)
        if scalesItsInput(network) { (input.mean, input.scale) = (0, 1) }
        var description = ModelDescription(
            input: input, alignment: input.height == input.width ? .arcFace(size: input.width) : nil,
            calibration: .uncalibrated(
                reason: "the file has no calibration: it was not written by semblance"))
        if isSFace(network) {
            description.published = PublishedThreshold(
                cosine: 0.363,
                source: "SFace's authors at OpenCV, for LFW; calibrate measures one on your photographs")
        }
        return description
    }

    /// SFace (Zhong et al., 2021) as OpenCV publishes it.
    static func isSFace(_ network: Network) -> Bool {
        network.outputNames == ["fc1"] && network.inputShape == [3, 112, 112] && scalesItsInput(network)
            && network.parameters.contains { $0.name == "fc1_gamma" && $0.tensor.shape.count == 128 }
    }

    /// Whether the first thing that happens to the input is arithmetic with constants.
    private static func scalesItsInput(_ network: Network) -> Bool {
        let readers = network.nodes.filter { $0.inputs.contains(network.inputName) }
        let parameters = Set(network.parameters.map(\.name))
        return !readers.isEmpty
            && readers.allSatisfy { node in
                switch node.op {
                case .add, .multiply:
                    node.inputs.allSatisfy { $0 == network.inputName || parameters.contains($0) }
                default: false
                }
            }
    }
}
