import Semblance
import SemblanceCore
import SemblanceOpenCL
import SemblanceTraining
import SemblanceVerification

/// Checks devices: that kernels build, and that operations and whole networks give what they should. The CPU is held against loops
/// in double precision, every other device against these and against the CPU.
package struct Doctor {
    package struct Settings: Sendable {
        /// The cases that run: `OpCase.all`, or some of each operation.
        package var cases = OpCase.brief
        /// The cases whose kernels are built.
        package var kernelCases = OpCase.all
        /// The side of the images of the networks with random weights.
        package var imageSize = 112
        /// Of data, weights and images.
        package var seed: UInt64 = 1
        package var threads: Int?
        /// A network besides those with random weights.
        package var model: Subject?

        package init() {}
    }

    private let settings: Settings
    private let cpu: any Backend
    private let progress: (String) -> Void
    /// What the CPU made of each subject, which every device is compared with.
    private var expected: [String: Embeddings] = [:]

    /// - Parameter progress: gets a line from time to time.
    /// - Throws: where the CPU cannot be used.
    package init(
        _ settings: Settings, catalogue: DeviceCatalogue = .system,
        progress: @escaping (String) -> Void = { _ in }
    ) throws(SemblanceError) {
        self.settings = settings
        self.progress = progress
        cpu = try catalogue.cpu(settings.threads)
    }

    // MARK: The CPU

    package mutating func examineCPU() -> Examination {
        var examination = Examination(of: cpu.device)
        let start = ContinuousClock.now
        checkOperations(on: cpu, &examination)
        for subject in subjects(size: 32) {
            check(subject, images: 4, on: cpu, against: ReferenceBackend(), &examination)
        }
        if let model = settings.model {
            check(model, images: 2, on: cpu, against: ReferenceBackend(), &examination)
        }
        examination.seconds = start.secondsElapsed
        return examination
    }

    // MARK: Other devices

    /// - Parameter offer: whatever it does, this comes back with a verdict.
    package mutating func examine(_ offer: DeviceCatalogue.Offer) -> Examination {
        var examination = Examination(of: offer.device)
        let start = ContinuousClock.now
        do throws(SemblanceError) {
            examine(try offer.open(), &examination)
        } catch {
            examination.findings.append("the device cannot be opened: \(error)")
        }
        examination.seconds = start.secondsElapsed
        return examination
    }

    private mutating func examine(_ backend: any Backend, _ examination: inout Examination) {
        examination.precision = backend.precision
        if let opencl = backend as? OpenCLBackend {
            let builds = KernelBuilds(of: settings.kernelCases, on: opencl, progress: named(backend))
            examination.kernels = builds
            examination.tuning = opencl.tuning?.summary
            examination.findings += builds.failures.map { "\($0.kernel) does not build: \($0.log)" }
            examination.notes +=
                opencl.opencl.quirks + DriverProbe(opencl.opencl, seed: settings.seed).quirks()
        }
        checkOperations(on: backend, &examination)
        for subject in subjects(size: settings.imageSize) + (settings.model.map { [$0] } ?? []) {
            check(subject, images: 16, on: backend, against: cpu, &examination)
        }
        examination.notes += backend.takeNotes()
    }

    // MARK: Checks

    private func named(_ backend: any Backend) -> (String) -> Void {
        { [progress] in progress("\(backend.device.identifier): \($0)") }
    }

    private func checkOperations(on backend: any Backend, _ examination: inout Examination) {
        let (checks, stopped) = OperationCheck.run(
            settings.cases, on: backend, seed: settings.seed, progress: named(backend))
        examination.operations = checks
        examination.findings += checks.flatMap(\.failures)
        if let stopped { examination.findings.append(stopped) }
    }

    /// Networks with random weights.
    private func subjects(size: Int) -> [Subject] {
        [Architecture.iResNet18, .mobileFaceNet].compactMap {
            try? Subject($0, size: size, seed: settings.seed)
        }
    }

    private mutating func check(
        _ subject: Subject, images count: Int, on backend: any Backend, against other: any Backend,
        _ examination: inout Examination
    ) {
        named(backend)("\(subject.name) against \(other.device.name)")
        var check: NetworkCheck
        do throws(SemblanceError) {
            let images = subject.images(count, seed: settings.seed)
            let batch = min(count, 8)
            let key = "\(subject.name) \(other.device.identifier)"
            let network = subject.network.optimised()
            let got = try Embeddings(network, images, batch: batch, on: backend)
            if expected[key] == nil {
                // The reference is given the network as it was before anything is folded.
                let plain = other is ReferenceBackend ? subject.network : network
                expected[key] = try Embeddings(plain, images, batch: batch, on: other)
            }
            guard let known = expected[key] else { return }
            check = NetworkCheck(
                subject.name, got, against: known, threshold: subject.threshold,
                precision: backend.precision, isQuantised: network.isQuantised)
        } catch {
            check = NetworkCheck(subject.name, on: backend.device, against: other.device, failure: error)
        }
        if let failure = check.failure { examination.findings.append("\(subject.name): \(failure)") }
        examination.networks.append(check)
    }
}
