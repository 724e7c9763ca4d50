import Semblance
import SemblanceCore
import SemblanceOpenCL
import SemblanceTestSupport
import Testing

/// A gallery in a device's memory, on devices that have too little of it or fail.
@Suite(.needsOpenCL) struct GalleryIndexTests {
    private let seed = freshSeed("gallery index")
    private let lines = Lines()
    private let gallery: Gallery
    private let probes: [[Embedding]]
    /// By the CPU.
    private let expected: [[[Gallery.Match]]]
    /// More than pass through a device at a time, so that a search in passing takes less memory.
    private static let faces = 10_000

    init() throws {
        var random = RandomSource(seed: seed)
        let model = ModelIdentity(of: try tinyNetwork(seed: seed))
        func embedding() -> Embedding {
            let values = (0..<16).map { _ in random.uniform(-1...1) }
            let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return Embedding(values: values.map { $0 / length }, model: model)
        }
        var gallery = Gallery(model: model)
        for face in 0..<Self.faces {
            try gallery.enroll("person \(face % 900)", source: "\(face)", embedding())
        }
        probes = (0..<3).map { _ in [embedding(), embedding()] }
        let cpu = try SelectedDevice(.cpu)
        expected = try probes.map { try gallery.search($0, count: 5, on: cpu) }
        self.gallery = gallery
    }

    private func device(_ faults: FaultInjection, _ request: DeviceRequest = .automatic) throws
        -> SelectedDevice
    {
        try SelectedDevice(request, catalogue: FakeDevices.catalogue(faults)) { [lines] in lines.add($0) }
    }

    private func agrees(_ got: [[Gallery.Match]], _ expected: [[Gallery.Match]]) -> Bool {
        zip(got, expected).allSatisfy { got, expected in
            got.map(\.source) == expected.map(\.source)
                && zip(got, expected).allSatisfy { abs($0.similarity - $1.similarity) < 1e-4 }
        }
    }

    @Test func searchesOnTheDevice() throws {
        let device = try device(FaultInjection())
        let index = try gallery.index(batch: 2, count: 5, on: device, onFault: .moveToCPU)
        #expect(index.isResident)
        for (probes, expected) in zip(probes, expected) {
            #expect(agrees(try index.search(probes), expected))
        }
        #expect(device.device.kind == .gpu && lines.all.isEmpty)
    }

    @Test func whatDoesNotFitIsReadForEachSearch() throws {
        var faults = FaultInjection()
        faults.allocationLimit = Self.faces * 16 * 4 - 1
        for request in [DeviceRequest.automatic, .gpu] {
            let device = try device(faults, request)
            let index = try gallery.index(batch: 2, count: 5, on: device, onFault: .moveToCPU)
            #expect(!index.isResident)
            for (probes, expected) in zip(probes, expected) {
                #expect(agrees(try index.search(probes), expected))
            }
            // All else stays where it is.
            #expect(device.device.kind == .gpu && lines.all.isEmpty)
        }
    }

    @Test func aFaultInMidRunMovesTheSearchToTheCPU() throws {
        var faults = FaultInjection()
        faults.failingWait = 2
        let device = try device(faults)
        let index = try gallery.index(batch: 2, count: 5, on: device, onFault: .moveToCPU)
        for (probes, expected) in zip(probes, expected) {
            #expect(agrees(try index.search(probes), expected))
        }
        #expect(device.device.kind == .cpu && index.isResident)
        #expect(lines.all == [device.reason])

        let strict = try self.device(faults)
        let other = try gallery.index(batch: 2, count: 5, on: strict)
        let codes = probes.map { probes in errorCode { _ = try other.search(probes) } }
        #expect(codes.contains(.deviceFault) && strict.device.kind == .gpu)
    }

    @Test func whatCannotBePreparedMovesToTheCPU() throws {
        var faults = FaultInjection()
        faults.brokenSource = "topScores"
        let device = try device(faults)
        let index = try gallery.index(batch: 2, count: 5, on: device)
        #expect(agrees(try index.search(probes[0]), expected[0]))
        #expect(device.device.kind == .cpu && lines.all.count == 1)
        #expect(
            errorCode { _ = try gallery.index(batch: 2, count: 5, on: self.device(faults, .gpu)) }
                == .programBuildFailed)
    }

    @Test func oneSearchOfAFailingDeviceIsDoneAgain() throws {
        var faults = FaultInjection()
        faults.failingWait = 1
        let device = try device(faults)
        #expect(
            agrees(
                try gallery.search(probes[0], count: 5, on: device, onFault: .moveToCPU), expected[0]))
        #expect(device.device.kind == .cpu && lines.all.count == 1)
        #expect(
            errorCode {
                _ = try gallery.search(probes[0], count: 5, on: self.device(faults), onFault: .fail)
            } == .deviceFault)
    }
}
