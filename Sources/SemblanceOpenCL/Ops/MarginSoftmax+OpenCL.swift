import Foundation
import SemblanceCore

extension MarginSoftmax {
    /// logits, labels -> loss, correct.
    func lower(_ inputs: [DeviceTensor], _ outputs: [DeviceTensor], into lowering: inout Lowering) {
        launch("marginSoftmax", inputs, outputs, into: &lowering)
    }

    /// logits, labels, [loss scale] -> dlogits.
    func lowerGradient(_ inputs: [DeviceTensor], _ dlogits: DeviceTensor, into lowering: inout Lowering) {
        launch("marginSoftmaxGradient", inputs, [dlogits], into: &lowering)
    }

    private func launch(
        _ function: String, _ inputs: [DeviceTensor], _ outputs: [DeviceTensor], into lowering: inout Lowering
    ) {
        let kind: Int, angle: Float
        switch margin {
        case .none: (kind, angle) = (0, 0)
        case .arcFace(let m): (kind, angle) = (1, m)
        case .cosFace(let m): (kind, angle) = (2, m)
        }
        let logits = inputs[0].shape
        lowering.launchGroups(
            "marginSoftmax", function, defines: ["MARGIN": kind, "SCALED": inputs.count > 2 ? 1 : 0],
            inputs + outputs,
            [
                .int(logits.channels), .float(scale), .float(angle), .float(Float(cos(Double(angle)))),
                .float(Float(sin(Double(angle)))),
            ],
            rows: logits.batch, group: lowering.reductionGroup(for: logits.channels))
    }
}
