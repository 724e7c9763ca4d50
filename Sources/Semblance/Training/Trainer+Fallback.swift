import SemblanceCore
import SemblanceTraining

extension Trainer {
    /// Trains on a device that was selected. Under `moveToCPU` a device that was chosen automatically and fails in mid-run hands
    /// over to the CPU, which goes on from the run's last checkpoint, or starts again where none was written yet.
    /// - Throws: what `run(on:reason:from:cancellation:onEvent:)` throws.
    public func run(
        on device: SelectedDevice, onFault: FaultPolicy, from checkpoint: Checkpoint? = nil,
        cancellation: Cancellation = Cancellation(), onEvent: @escaping (TrainingEvent) -> Void = { _ in }
    ) throws(SemblanceError) -> TrainingResult {
        var saved: String?
        var used = device.device
        do throws(SemblanceError) {
            return try run(
                on: device, reason: device.reason, from: checkpoint, cancellation: cancellation
            ) { event in
                switch event {
                // Preparing may have moved to the CPU.
                case .started: used = device.device
                // Only a checkpoint of this very run is where it stood.
                case .checkpointSaved(let path, _): saved = path
                default: break
                }
                onEvent(event)
            }
        } catch {
            guard onFault == .moveToCPU, error.isOfDevice else { throw error }
            try device.fallBack(from: used, because: error)
            let last = try saved.map { (path) throws(SemblanceError) in try Checkpoint(path: path) }
            return try run(
                on: device, reason: device.reason, from: last ?? checkpoint, cancellation: cancellation,
                onEvent: onEvent)
        }
    }
}
