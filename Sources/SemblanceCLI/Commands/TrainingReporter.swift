import Foundation
import Semblance

/// Prints a run: a line that moves on a terminal, plain lines when piped, or JSON for machines.
final class TrainingReporter {
    private let isJSON: Bool
    private var skipped = 0
    private var lastLine = ContinuousClock.now

    init(isJSON: Bool) { self.isJSON = isJSON }

    func report(_ event: TrainingEvent) {
        if isJSON {
            Console.print(event.json)
            return
        }
        switch event {
        case .started(let start):
            Console.print(
                """
                training \(start.network) (\(start.parameters) parameters) on \(start.images) images of \
                \(start.people) people, \(start.heldOutPeople) of them held out
                device \(start.device) (\(start.deviceName))\(start.precision.suffix): \(start.reason)
                """)
        case .step(let record):
            if record.isSkipped == true {
                Console.endProgress()
                Console.error(
                    """
                    step \(record.step) skipped: its gradient, scaled by \(record.lossScale ?? 1), is beyond half's numbers; the \
                    scale is halved
                    """)
            }
            let line = """
                epoch \(record.epoch)  step \(record.step)/\(record.steps)  loss \(record.loss.formatted(3))  accuracy \
                \(Double(record.accuracy).percent)  \(record.imagesPerSecond.formatted(1)) images/s  \
                ETA \(Self.clock(record.secondsRemaining))
                """
            if Console.isTerminal {
                Console.progress(line)
            } else if ContinuousClock.now - lastLine > .seconds(10) {
                // A log that is not watched needs no line for each step.
                lastLine = ContinuousClock.now
                Console.print(line)
            }
        case .epoch(let record):
            Console.endProgress()
            var line = """
                epoch \(record.epoch)/\(record.epochs): loss \(record.loss.formatted(3)), accuracy \
                \(Double(record.accuracy).percent)
                """
            if let verification = record.verification {
                line += ", held-out verification \(verification.accuracy.percent)"
                line += " (AUC \(verification.areaUnderCurve.formatted(4)))"
            }
            Console.print(line + ", \(record.seconds.formatted(1)) s")
        case .imageSkipped(let image):
            skipped += 1
            Console.endProgress()
            // Ten are enough to see what is wrong; the log has them all.
            if skipped <= 10 { Console.error("skipped: \(image.reason)") }
        case .checkpointSaved, .finished:
            break
        }
    }

    func finish(_ result: TrainingResult, output: String, checkpoint: String) {
        guard !isJSON else { return }
        let skipped = result.skipped.count
        if skipped > 0 {
            Console.error(skipped == 1 ? "1 image was skipped" : "\(skipped) images were skipped")
        }
        if result.isCancelled {
            Console.print("stopped at step \(result.step); --resume goes on from \(checkpoint)")
        }
        Console.print(
            """
            wrote \(output) after \(result.step) steps, \(result.seconds.formatted(1)) s, \
            \(result.imagesPerSecond.formatted(1)) images/s
            """)
        switch result.calibration {
        case .uncalibrated(let reason): Console.print("threshold: uncalibrated, \(reason)")
        case .calibrated(let summary, _):
            guard let point = result.calibration.recommended else { return }
            Console.print(
                """
                threshold \(point.threshold.formatted(4)) at FAR \(point.falseAcceptRate) from \
                \(summary.impostorPairs) impostor pairs of \(summary.people) held-out people; accepts \
                \(point.trueAcceptRate.percent) of genuine pairs
                """)
        }
    }

    private static func clock(_ seconds: Double) -> String {
        guard seconds.isFinite else { return "-" }
        let whole = Int(seconds.rounded())
        return String(format: "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60)
    }
}
