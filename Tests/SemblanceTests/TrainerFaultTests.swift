import Foundation
import Semblance
import SemblanceCore
import SemblanceOpenCL
import Testing

/// A device that fails while it trains: what the command line's policy makes of it.
@Suite(.needsOpenCL, .serialized) struct TrainerFaultTests {
    private let files: FaceFiles
    private let seed: UInt64

    init() throws {
        seed = freshSeed("faults in training")
        files = try FaceFiles(people: 8, photos: 4, seed: seed)
    }

    private struct Run {
        var starts: [TrainingStart] = []
        var losses: [Int: Float] = [:]
        var savedBeforeFault: [Int] = []
        var result: Result<TrainingResult, any Error>
    }

    private func run(
        _ request: DeviceRequest, failingWait: Int?, onFault: FaultPolicy, checkpoints: Bool = true,
        _ lines: Lines = Lines()
    ) throws -> Run {
        var options = quickOptions(epochs: 2, seed: seed)
        if checkpoints {
            options.checkpointPath = files.root + "/checkpoint"
            options.checkpointInterval = 2
        }
        var faults = FaultInjection()
        faults.failingWait = failingWait
        let device = try SelectedDevice(request, catalogue: FakeDevices.catalogue(faults)) { lines.add($0) }
        let trainer = try Trainer(
            network: tinyNetwork(seed: seed), folder: files.folder(), options: options)
        var run = Run(result: .failure(CancellationError()))
        run.result = Result {
            try trainer.run(on: device, onFault: onFault) { event in
                switch event {
                case .started(let start): run.starts.append(start)
                case .step(let record): run.losses[record.step] = record.loss
                case .checkpointSaved(_, let step):
                    if run.starts.count == 1 { run.savedBeforeFault.append(step) }
                default: break
                }
            }
        }
        return run
    }

    /// Three waits a step and three a checkpoint: in step 3, after the checkpoint of step 2.
    private let afterCheckpoint = 11
    private let inFirstStep = 2

    @Test func automaticGoesOnFromTheLastCheckpointOnTheCPU() throws {
        let whole = try run(.cpu, failingWait: nil, onFault: .fail)
        let expected = try whole.result.get()
        let lines = Lines()
        let run = try run(.automatic, failingWait: afterCheckpoint, onFault: .moveToCPU, lines)
        let result = try run.result.get()
        #expect(run.savedBeforeFault == [2])
        #expect(run.starts.map(\.firstStep) == [0, 2])
        #expect(run.starts[0].deviceName == "posing GPU" || run.starts[0].device.hasPrefix("opencl:"))
        #expect(run.starts.last?.device == "cpu" && result.device.kind == .cpu)
        #expect(lines.all.count == 1 && run.starts.last?.reason == lines.all.first)
        #expect(result.step == expected.step && !result.isCancelled)
        for (step, loss) in whole.losses {
            let got = try #require(run.losses[step])
            #expect(abs(got - loss) <= 1e-3 * abs(loss), "step \(step): \(got), on the CPU \(loss)")
        }
    }

    @Test(arguments: [true, false])
    func withoutACheckpointItStartsAgain(checkpoints: Bool) throws {
        let lines = Lines()
        // A checkpoint that some earlier run left is not this run's.
        if checkpoints {
            _ = try run(.cpu, failingWait: nil, onFault: .fail).result.get()
            #expect(FileManager.default.fileExists(atPath: files.root + "/checkpoint"))
        }
        let wait = checkpoints ? inFirstStep : afterCheckpoint
        let run = try run(
            .automatic, failingWait: wait, onFault: .moveToCPU, checkpoints: checkpoints, lines)
        #expect(try run.result.get().device.kind == .cpu)
        #expect(run.starts.map(\.firstStep) == [0, 0] && run.savedBeforeFault.isEmpty)
        #expect(lines.all.count == 1)
    }

    @Test func whatWasAskedForByNameFailsAndKeepsTheCheckpoint() throws {
        for request in [DeviceRequest.gpu, try FakeDevices.byNumber()] {
            let lines = Lines()
            let run = try run(request, failingWait: afterCheckpoint, onFault: .moveToCPU, lines)
            #expect(errorCode { _ = try run.result.get() } == .deviceFault)
            #expect(run.starts.count == 1 && lines.all.isEmpty)
            #expect(try Checkpoint(path: files.root + "/checkpoint").header.step == 2)
        }
    }

    @Test func theCallerMayWantTheFault() throws {
        let lines = Lines()
        let run = try run(.automatic, failingWait: afterCheckpoint, onFault: .fail, lines)
        #expect(errorCode { _ = try run.result.get() } == .deviceFault)
        #expect(run.starts.count == 1 && lines.all.isEmpty)
    }

    @Test func aPlanThatDoesNotFitIsTrainedOnTheCPUAndTheRecordsSaySo() throws {
        var faults = FaultInjection()
        faults.allocationLimit = 1024
        let lines = Lines()
        let device = try SelectedDevice(.automatic, catalogue: FakeDevices.catalogue(faults)) {
            lines.add($0)
        }
        let trainer = try Trainer(
            network: tinyNetwork(seed: seed), folder: files.folder(),
            options: quickOptions(epochs: 1, seed: seed))
        var starts: [TrainingStart] = []
        let result = try trainer.run(on: device, onFault: .fail) {
            if case .started(let start) = $0 { starts.append(start) }
        }
        #expect(result.device.kind == .cpu && lines.all.count == 1)
        #expect(starts.map(\.device) == ["cpu"] && starts.map(\.reason) == lines.all)
    }
}
