import Semblance
import SemblanceCPU
import SemblanceCore
import SemblanceOpenCL
import Testing

/// What can be wrong with a device before the first run, injected.
enum PreparationFault: String, CaseIterable, Sendable {
    case noPlatform, noGPU, listingFails, openingFails, buildFails, allocationFails, firstAllocationFails

    var catalogue: DeviceCatalogue {
        get throws {
            var faults = FaultInjection()
            switch self {
            case .noPlatform:
                return DeviceCatalogue(openCL: { () throws(SemblanceError) in [] }, cpu: FakeDevices.cpu)
            case .noGPU: return try FakeDevices.withoutGPU()
            case .listingFails:
                return DeviceCatalogue(
                    openCL: { () throws(SemblanceError) in
                        throw SemblanceError(
                            .deviceFault, "listing the OpenCL platforms: the loader is broken")
                    }, cpu: FakeDevices.cpu)
            case .openingFails:
                let device = FakeDevices.gpu(try FakeDevices.device().device)
                return DeviceCatalogue(
                    openCL: { () throws(SemblanceError) in
                        [
                            DeviceCatalogue.Offer(device: device) { () throws(SemblanceError) in
                                throw SemblanceError(.deviceFault, "opening it: no context to be had")
                            }
                        ]
                    }, cpu: FakeDevices.cpu)
            case .buildFails: faults.brokenSource = "convolution"
            case .allocationFails: faults.allocationLimit = 1024
            case .firstAllocationFails: faults.failingAllocation = 1
            }
            return try FakeDevices.catalogue(faults)
        }
    }

    /// What asking for a GPU comes to.
    var code: SemblanceError.Code {
        switch self {
        case .noPlatform, .noGPU: .deviceUnavailable
        case .listingFails, .openingFails: .deviceFault
        case .buildFails: .programBuildFailed
        case .allocationFails, .firstAllocationFails: .outOfMemory
        }
    }

    /// Whether choosing the device succeeds, so that preparing the model on it is what fails.
    var showsInPreparation: Bool {
        switch self {
        case .noPlatform, .noGPU, .listingFails, .openingFails: false
        case .buildFails, .allocationFails, .firstAllocationFails: true
        }
    }

    /// A word that the one line must have.
    var clue: String {
        switch self {
        case .noPlatform: "no OpenCL platform"
        case .noGPU: "no GPU: OpenCL has only"
        case .listingFails: "the loader is broken"
        case .openingFails: "no context to be had"
        case .buildFails: "convolution.cl does not build"
        case .allocationFails, .firstAllocationFails: "allocating"
        }
    }
}

@Suite(.needsOpenCL) struct PreparationFallbackTests {
    private let seed = freshSeed("fallback at preparation")

    private func embed(_ request: DeviceRequest, _ catalogue: DeviceCatalogue, _ lines: Lines = Lines())
        throws
        -> (vectors: [[Float]], device: SelectedDevice)
    {
        let device = try SelectedDevice(request, catalogue: catalogue) { lines.add($0) }
        let recognizer = try FaceRecognizer(model: tinyModel(seed: seed), device: device, batch: 2)
        return (try recognizer.embed(faces(3, seed: seed)).map(\.values), device)
    }

    private func expectCPUResult(_ vectors: [[Float]]) throws {
        let expected = try embed(.cpu, DeviceCatalogue.system).vectors
        #expect(vectors.count == expected.count)
        for (got, expected) in zip(vectors, expected) { #expect(cosine(got, expected) > 0.9999) }
    }

    @Test func withoutAFaultTheGPUDoesTheWork() throws {
        let lines = Lines()
        for request in [DeviceRequest.automatic, .gpu, try FakeDevices.byNumber()] {
            let (vectors, device) = try embed(request, FakeDevices.catalogue(), lines)
            #expect(device.device.kind == .gpu, "\(request)")
            try expectCPUResult(vectors)
        }
        #expect(lines.all.isEmpty)
    }

    @Test(arguments: PreparationFault.allCases)
    func automaticGoesToTheCPUAndSaysWhy(fault: PreparationFault) throws {
        let lines = Lines()
        let (vectors, device) = try embed(.automatic, fault.catalogue, lines)
        #expect(device.device.kind == .cpu && device.device.identifier == "cpu")
        #expect(device.reason.contains(fault.clue))
        #expect(!device.reason.contains("\n"), "one line: \(device.reason)")
        // Choosing tells its reason with the result; moving away from a device that was chosen is news.
        #expect(lines.all == (fault.showsInPreparation ? [device.reason] : []))
        try expectCPUResult(vectors)
    }

    @Test(arguments: PreparationFault.allCases)
    func theCPUKnowsNothingOfIt(fault: PreparationFault) throws {
        let lines = Lines()
        let (vectors, device) = try embed(.cpu, fault.catalogue, lines)
        #expect(device.device.kind == .cpu && device.reason == "the CPU was asked for" && lines.all.isEmpty)
        try expectCPUResult(vectors)
    }

    @Test(arguments: PreparationFault.allCases)
    func aGPUThatWasAskedForIsAnError(fault: PreparationFault) throws {
        let lines = Lines()
        let error = #expect(throws: SemblanceError.self) { try embed(.gpu, fault.catalogue, lines) }
        #expect(error?.code == fault.code)
        #expect(error.map { "\($0)".contains(fault.clue) } == true, "\(String(describing: error))")
        #expect(lines.all.isEmpty)
    }

    @Test(arguments: PreparationFault.allCases)
    func aDeviceThatWasAskedForByNumberIsAnError(fault: PreparationFault) throws {
        let lines = Lines()
        let request = try FakeDevices.byNumber()
        if fault == .noGPU {
            // By its number any kind of device will do.
            let (vectors, device) = try embed(request, fault.catalogue, lines)
            #expect(device.device.identifier == request.description)
            try expectCPUResult(vectors)
        } else {
            #expect(errorCode { _ = try embed(request, fault.catalogue, lines) } == fault.code)
        }
        #expect(lines.all.isEmpty)
    }

    @Test func aNumberThatIsNotThereNamesThoseThatAre() throws {
        let catalogue = try FakeDevices.catalogue()
        let error = #expect(throws: SemblanceError.self) {
            try SelectedDevice(.openCL(platform: 77, device: 3), catalogue: catalogue)
        }
        #expect(error?.code == .deviceUnavailable)
        #expect(error?.message.contains("opencl:77:3") == true)
        #expect(error?.remedy?.contains(try FakeDevices.device().device.identifier) == true)
    }

    @Test func aCPUThatCannotDoItEitherIsAnError() throws {
        var faults = FaultInjection()
        faults.allocationLimit = 1024
        var catalogue = try FakeDevices.catalogue(faults)
        catalogue.cpu = { (threads) throws(SemblanceError) in
            try CPUBackend(threads: 1, faults: CPUBackend.Faults(memoryLimit: 1024))
        }
        let lines = Lines()
        #expect(errorCode { _ = try embed(.automatic, catalogue, lines) } == .outOfMemory)
        #expect(lines.all.count == 1)
    }
}
