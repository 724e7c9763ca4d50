import Foundation
import Semblance
import SemblanceCore
import SemblanceDoctor
import SemblanceOpenCL
import SemblanceVerification
import Testing

/// Healthy devices are called healthy, ill ones ill, and nothing that a device does ends the examination.
@Suite(.needsOpenCL) struct DoctorTests {
    private let seed = freshSeed("doctor")

    private var settings: Doctor.Settings {
        var settings = Doctor.Settings()
        settings.seed = seed
        settings.cases = OpCase.few(2)
        settings.kernelCases = settings.cases
        settings.imageSize = 32
        return settings
    }

    /// The first OpenCL device, as the doctor would find it.
    private func examine(_ faults: FaultInjection) throws -> Examination {
        let device = try FakeDevices.device()
        var doctor = try Doctor(settings)
        return doctor.examine(
            DeviceCatalogue.Offer(device: device.device) { () throws(SemblanceError) in
                try OpenCLBackend(device, binaries: .off, faults: faults)
            })
    }

    private func verdict(_ examination: Examination) throws -> Verdict {
        var verdict = Verdict(try Consultation(.cpu, all: false))
        verdict.add(examination)
        return verdict
    }

    @Test func aHealthyDeviceIsHealthy() throws {
        let examination = try examine(FaultInjection())
        #expect(examination.isHealthy, "\(examination.findings)")
        #expect(try verdict(examination).exitCode == 0)
        let builds = try #require(examination.kernels)
        #expect(builds.kernels > 50 && builds.programs <= builds.kernels && builds.failures.isEmpty)
        // No operation of the table is left out, by default either.
        let names = Set(OpCase.all.map(\.op.name))
        #expect(Set(examination.operations.map(\.operation)) == names)
        #expect(Set(OpCase.brief.map(\.op.name)) == names)
        #expect(examination.operations.reduce(0) { $0 + $1.cases } == OpCase.few(2).count)
        #expect(examination.operations.allSatisfy { $0.difference <= $0.allowed && !$0.kernels.isEmpty })
        #expect(examination.networks.count == 2)
        for check in examination.networks {
            #expect(check.device == examination.device && check.against == "cpu")
            #expect(check.kernels.keys.contains { $0.contains("gemm") } && check.kernelSeconds > 0)
            #expect(check.images == 16 && check.pairs == 120 && check.flips == 0)
            // Two machines never round alike: equal to the last bit would mean that one was compared with itself.
            #expect(check.difference > 0 && check.cosine > 0.9999)
        }
    }

    @Test func theCPUIsHealthy() throws {
        var doctor = try Doctor(settings)
        let examination = doctor.examineCPU()
        #expect(examination.isHealthy, "\(examination.findings)")
        #expect(examination.networks.map(\.against) == ["reference", "reference"])
        #expect(examination.networks.allSatisfy { $0.difference > 0 && $0.cosine > 0.9999 })
    }

    @Test func aKernelThatDoesNotBuildIsTold() throws {
        var faults = FaultInjection()
        faults.brokenSource = "gemm"
        let examination = try examine(faults)
        let failures = try #require(examination.kernels).failures
        #expect(!failures.isEmpty && failures.allSatisfy { $0.log.contains("injected failure") })
        #expect(examination.findings.contains { $0.contains("gemm.cl") })
        // What does without it is right all the same.
        #expect(examination.operations.contains { $0.operation == "softmax" && $0.failures.isEmpty })
        #expect(examination.networks.allSatisfy { $0.failure != nil && $0.images == 0 })
        #expect(try verdict(examination).exitCode == 1)
    }

    /// A ten thousandth too much leaves the embeddings' directions as they are: the operations show it.
    @Test func aSlightlyWrongKernelIsFound() throws {
        var faults = FaultInjection()
        faults.insertions["gemm"] = "#undef fma\n#define fma(a, b, c) ((a) * 1.0001f * (b) + (c))"
        let examination = try examine(faults)
        let wrong = examination.operations.filter { !$0.failures.isEmpty }
        #expect(wrong.contains { $0.operation == "convolution" })
        #expect(wrong.allSatisfy { $0.difference > $0.allowed })
        #expect(!wrong.contains { $0.operation == "softmax" })
        #expect(examination.kernels?.failures.isEmpty == true)
        let verdict = try verdict(examination)
        #expect(verdict.verdict == "ill" && verdict.exitCode == 1)
        #expect(verdict.description.contains("wrong: \(examination.device): "))
    }

    @Test func wrongEmbeddingsAreFound() throws {
        var faults = FaultInjection()
        faults.insertions["gemm"] = "#undef fma\n#define fma(a, b, c) ((a) * fabs(b) + (c))"
        let examination = try examine(faults)
        for check in examination.networks {
            #expect(check.failure?.contains("cosine") == true && check.cosine < Tolerances.embeddingCosine)
        }
        #expect(try verdict(examination).exitCode == 1)
    }

    @Test func aDeviceThatDisappearsIsIll() throws {
        var faults = FaultInjection()
        faults.disappearsAt = 20
        let examination = try examine(faults)
        #expect(examination.findings.contains { $0.contains("CL_DEVICE_NOT_AVAILABLE") })
        #expect(examination.findings.contains { $0.contains("faults of the device in a row") })
        #expect(examination.networks.count == 2 && examination.networks.allSatisfy { $0.failure != nil })
        #expect(try verdict(examination).exitCode == 1)
    }

    @Test func oneFaultIsOneFinding() throws {
        var faults = FaultInjection()
        faults.failingWait = 5
        let examination = try examine(faults)
        #expect(examination.findings.count == 1, "\(examination.findings)")
        #expect(try verdict(examination).exitCode == 1)
    }

    @Test func aDeviceThatCannotBeOpenedIsIll() throws {
        let device = try FakeDevices.device()
        var doctor = try Doctor(settings)
        let examination = doctor.examine(
            DeviceCatalogue.Offer(device: device.device) { () throws(SemblanceError) in
                throw SemblanceError(.deviceFault, "gone")
            })
        #expect(examination.findings == ["the device cannot be opened: gone"])
        #expect(try verdict(examination).exitCode == 1)
    }
}
