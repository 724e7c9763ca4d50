import Foundation
import Semblance
import SemblanceCore
import SemblanceDoctor
import SemblanceTestSupport
import Testing

/// Which devices are examined, what is said where there is no GPU, and how networks are judged.
@Suite struct ConsultationTests {
    private func catalogue(_ kinds: [Device.Kind], unresponsive: [String] = []) -> DeviceCatalogue {
        DeviceCatalogue(
            openCL: { () throws(SemblanceError) in
                kinds.enumerated().map { index, kind in
                    let device = Device(
                        kind: kind, identifier: "opencl:0:\(index)", name: "device \(index)", platform: "P",
                        driver: "1")
                    return DeviceCatalogue.Offer(device: device) { () throws(SemblanceError) in
                        throw SemblanceError(.deviceFault, "not opened here")
                    }
                }
            }, cpu: FakeDevices.cpu, unresponsive: { unresponsive })
    }

    private func examined(
        _ request: DeviceRequest, all: Bool = false, _ kinds: [Device.Kind]
    ) throws -> [String] {
        try Consultation(request, all: all, catalogue: catalogue(kinds)).offers.map(\.device.identifier)
    }

    @Test func devicesAreChosenAsTheEngineChooses() throws {
        #expect(try examined(.automatic, [.cpu, .gpu, .gpu]) == ["opencl:0:1"])
        #expect(try examined(.gpu, [.cpu, .gpu]) == ["opencl:0:1"])
        #expect(try examined(.automatic, [.cpu]) == [])
        #expect(try examined(.cpu, [.gpu]) == [])
        #expect(try examined(.openCL(platform: 0, device: 0), [.cpu, .gpu]) == ["opencl:0:0"])
        #expect(try examined(.automatic, all: true, [.cpu, .gpu]) == ["opencl:0:0", "opencl:0:1"])
        #expect(errorCode { _ = try examined(.gpu, [.cpu]) } == .deviceUnavailable)
        #expect(
            errorCode { _ = try examined(.openCL(platform: 3, device: 0), [.gpu]) } == .deviceUnavailable)
    }

    @Test func withoutAGPUItSaysSoAndIsHealthy() throws {
        for kinds in [[], [Device.Kind.cpu]] {
            let consultation = try Consultation(.automatic, all: false, catalogue: catalogue(kinds))
            #expect(consultation.notes.first?.hasPrefix("no GPU was found: ") == true)
            #expect(consultation.notes.contains { $0.contains("OpenCL driver") })
            #expect(Verdict(consultation).exitCode == 0)
        }
        #expect(try Consultation(.automatic, all: false, catalogue: catalogue([.gpu])).notes.isEmpty)
    }

    @Test func whatDoesNotAnswerIsAFinding() throws {
        let silent = catalogue([.cpu], unresponsive: ["opencl:0:1 does not answer: CL_DEVICE_NOT_AVAILABLE"])
        #expect(Verdict(try Consultation(.automatic, all: false, catalogue: silent)).exitCode == 1)
        let broken = DeviceCatalogue(
            openCL: { () throws(SemblanceError) in throw SemblanceError(.deviceFault, "the loader is broken")
            },
            cpu: FakeDevices.cpu)
        let verdict = Verdict(try Consultation(.automatic, all: false, catalogue: broken))
        #expect(verdict.exitCode == 1 && verdict.findings[0].contains("the loader is broken"))
        #expect(Verdict(try Consultation(.cpu, all: false, catalogue: broken)).exitCode == 0)
    }

    @Test func adviceIsForTheHardwareThatIsThere() throws {
        try withTemporaryFolder { folder in
            let card = folder + "/0000:01:00.0"
            try FileManager.default.createDirectory(atPath: card, withIntermediateDirectories: true)
            try Data("0x030000\n".utf8).write(to: URL(filePath: card + "/class"))
            try Data("0x1002\n".utf8).write(to: URL(filePath: card + "/vendor"))
            let lines = GPUAdvice.lines(pciDevices: folder)
            #expect(lines.count == 1 && lines[0].contains("AMD") && !lines[0].contains("nvidia-opencl"))
            // A network card is no GPU: then the drivers of all makers are named.
            try Data("0x020000\n".utf8).write(to: URL(filePath: card + "/class"))
            let all = GPUAdvice.lines(pciDevices: folder)
            #expect(all.count == 1 && all[0].contains("NVIDIA") && all[0].contains("Intel"))
        }
    }

    /// Unit vectors in the plane, by their angles.
    private func embeddings(_ angles: [Double], _ identifier: String) -> Embeddings {
        let device = Device(kind: .gpu, identifier: identifier, name: identifier, platform: "P", driver: "1")
        return Embeddings(rows: angles.map { [cos($0), sin($0)] }, device: device)
    }

    @Test func flipsAreCountedAndJudged() {
        let truth = embeddings([0, 1, 1.5], "cpu")
        func check(_ angles: [Double], _ threshold: Double) -> NetworkCheck {
            NetworkCheck("n", embeddings(angles, "x"), against: truth, threshold: threshold)
        }
        // The first two are cos(1) = 0.5403 apart. Turned by less than rounding may do: a flip next to the threshold is no illness.
        let near = check([0, 1 + 1e-5, 1.5], cos(1) - 1e-6)
        #expect(near.flips == 1 && near.pairs == 3 && near.failure == nil)
        // The cosine between the embeddings passes, and the similarity does not.
        let far = check([0, 1.01, 1.5], cos(1) - 1e-6)
        #expect(far.cosine > 0.9999 && far.flips == 1 && far.failure?.contains("similarity") == true)
        let wrong = check([0, 1.1, 1.5], -1)
        #expect(wrong.flips == 0 && wrong.failure?.contains("cosine") == true)
        #expect(check([0, 1, 1.5], 0.5).failure == nil)
        #expect(check([0, .nan, 1.5], 0.5).failure != nil)
        var restless = embeddings([0, 1, 1.5], "x")
        restless.isRepeatable = false
        #expect(NetworkCheck("n", restless, against: truth, threshold: nil).failure != nil)
    }
}
