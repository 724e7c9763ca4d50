import SemblanceCore
import SemblanceTraining

extension RecognitionModel {
    /// What a trainer's run came to, with its thresholds and a summary of the training: ready to recognise or to be written.
    /// - Parameter alignment: how the trainer's images were aligned, so that faces in photographs can be too: `.arcFace(size:)` with the
    ///   input's size for folders that `semblance prepare` made, nil for images that were not aligned.
    public init(_ result: TrainingResult, of trainer: Trainer, alignment: Alignment? = nil) {
        let summary = ModelDescription.TrainingSummary(
            people: trainer.folder.people.count, images: trainer.folder.imageCount,
            epochs: trainer.options.epochs, steps: result.step, seed: trainer.options.seed,
            loss: trainer.options.loss.description, device: result.device.name)
        self.init(
            network: result.network,
            description: ModelDescription(
                input: result.format, alignment: alignment, calibration: result.calibration, training: summary
            ))
    }
}
