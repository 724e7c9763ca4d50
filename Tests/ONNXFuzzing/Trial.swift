import SemblanceCore
import SemblanceONNX

/// What comes of reading a file, and of all that follows reading.
package enum Trial: Equatable {
    /// It is a model.
    case read
    /// It was refused as it should be.
    case refused
    /// Something is wrong with the engine.
    case wrong(String)

    package init(_ bytes: [UInt8], inputShape: Shape? = nil) {
        let model: ONNXModel
        do throws(SemblanceError) {
            model = try ONNXModel.read(bytes: bytes, name: "mutant.onnx", inputShape: inputShape)
        } catch {
            let isNamed = error.message.hasPrefix("mutant.onnx: ")
            self = Self.isRefusal(error) && isNamed ? .refused : .wrong("\(error)")
            return
        }
        do throws(SemblanceError) {
            _ = try Program.inference(model.network, batch: 2)
            _ = try Program.inference(model.network.optimised(), batch: 1)
            _ = try model.serialised()
            self = .read
        } catch {
            // Shapes that only fit a batch of one are found here.
            self = Self.isRefusal(error) ? .read : .wrong("\(error)")
        }
    }

    private static func isRefusal(_ error: SemblanceError) -> Bool {
        error.code == .invalidModel || error.code == .unsupportedOperation
    }
}
