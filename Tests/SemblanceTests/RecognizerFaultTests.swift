import Semblance
import SemblanceCPU
import SemblanceCore
import SemblanceOpenCL
import Testing

/// A device that fails after it has worked.
@Suite(.needsOpenCL) struct RecognizerFaultTests {
    private let seed = freshSeed("faults in mid-run")

    enum Place: CaseIterable, Sendable { case enqueue, wait }

    private func recognizer(
        _ request: DeviceRequest, _ faults: FaultInjection, onFault: FaultPolicy, _ lines: Lines = Lines()
    ) throws -> FaceRecognizer {
        let device = try SelectedDevice(request, catalogue: FakeDevices.catalogue(faults)) { lines.add($0) }
        return try FaceRecognizer(model: tinyModel(seed: seed), device: device, onFault: onFault)
    }

    /// The second run fails, at its first command or in the wait for its result.
    private func faults(_ place: Place) throws -> FaultInjection {
        var faults = FaultInjection()
        switch place {
        case .enqueue:
            let model = try tinyModel(seed: seed)
            let program = try Program.inference(model.network.optimised(), batch: 1)
            let plan = try OpenCLBackend(FakeDevices.device()).prepare(program, options: PlanOptions())
            #expect(plan.kernels.count > 3)
            // Before the network's own kernels runs the one that makes its input of the image.
            faults.failingEnqueue = plan.kernels.count + 2
        case .wait: faults.failingWait = 2
        }
        return faults
    }

    @Test(arguments: Place.allCases)
    func failIsThrownToTheCaller(place: Place) throws {
        let images = faces(2, seed: seed)
        for request in [DeviceRequest.automatic, .gpu, try FakeDevices.byNumber()] {
            let lines = Lines()
            let recognizer = try recognizer(request, faults(place), onFault: .fail, lines)
            _ = try recognizer.embed([images[0]])
            let error = #expect(throws: SemblanceError.self) { try recognizer.embed([images[1]]) }
            #expect(error?.code == .deviceFault && error?.isOfDevice == true)
            #expect(error?.remedy?.contains("--device cpu") == true)
            #expect(recognizer.device.device.kind == .gpu && lines.all.isEmpty)
        }
    }

    @Test(arguments: Place.allCases)
    func moveToCPUDoesTheBatchAgain(place: Place) throws {
        let images = faces(3, seed: seed)
        let lines = Lines()
        let recognizer = try recognizer(.automatic, faults(place), onFault: .moveToCPU, lines)
        var got = try recognizer.embed([images[0]])
        #expect(recognizer.device.device.kind == .gpu && lines.all.isEmpty)
        got += try recognizer.embed([images[1]])
        #expect(recognizer.device.device.kind == .cpu)
        #expect(lines.all.count == 1 && lines.all == [recognizer.device.reason])
        #expect(lines.all[0].contains("failed, so the CPU does the work: "))
        #expect(!lines.all[0].contains("\n"))
        got += try recognizer.embed([images[2]])
        #expect(lines.all.count == 1)

        let cpu = try FaceRecognizer(model: tinyModel(seed: seed), device: SelectedDevice(.cpu))
        for (image, embedding) in zip(images, got) {
            let expected = try cpu.embed([image])[0]
            #expect(cosine(embedding.values, expected.values) > 0.9999)
            #expect(embedding.model == expected.model)
        }
    }

    @Test(arguments: Place.allCases)
    func whatWasAskedForByNameNeverMoves(place: Place) throws {
        let images = faces(2, seed: seed)
        for request in [DeviceRequest.gpu, try FakeDevices.byNumber()] {
            let lines = Lines()
            let recognizer = try recognizer(request, faults(place), onFault: .moveToCPU, lines)
            _ = try recognizer.embed([images[0]])
            #expect(errorCode { _ = try recognizer.embed([images[1]]) } == .deviceFault)
            #expect(recognizer.device.device.kind == .gpu && lines.all.isEmpty)
        }
    }

    @Test func aFaultOfTheCPUIsThrown() throws {
        let catalogue = DeviceCatalogue(
            openCL: { () throws(SemblanceError) in [] },
            cpu: { (threads) throws(SemblanceError) in
                try CPUBackend(threads: 1, faults: CPUBackend.Faults(failingRun: 1))
            })
        let device = try SelectedDevice(.automatic, catalogue: catalogue)
        let recognizer = try FaceRecognizer(
            model: tinyModel(seed: seed), device: device, onFault: .moveToCPU)
        let images = faces(2, seed: seed)
        _ = try recognizer.embed([images[0]])
        #expect(errorCode { _ = try recognizer.embed([images[1]]) } == .deviceFault)
    }
}
