import SemblanceCore
import SemblanceOpenCL
import SemblanceVerification

extension KernelBuilds {
    private struct Kernel: Hashable {
        var source: String
        var function: String
        var defines: [String: Int]
    }

    /// Builds what lowering asks for over a table of cases.
    init(of cases: [OpCase], on backend: OpenCLBackend, progress: (String) -> Void) {
        let start = ContinuousClock.now
        var launches: [KernelLaunch] = []
        var seen: Set<Kernel> = []
        for opCase in cases {
            // An operation that the backend lacks comes out where its cases run.
            let wanted = try? opCase.op.launches(
                inputs: opCase.inputs.map(\.shape), outputs: opCase.outputs.map(\.shape), on: backend.traits)
            for launch in wanted ?? [] {
                let kernel = Kernel(
                    source: launch.source, function: launch.function, defines: launch.defines)
                if seen.insert(kernel).inserted { launches.append(launch) }
            }
        }
        kernels = launches.count
        programs = Set(launches.map { Kernel(source: $0.source, function: "", defines: $0.defines) }).count
        var broken: Set<Kernel> = []
        for (index, launch) in launches.enumerated() {
            progress("building kernels: \(index + 1) of \(launches.count)")
            // A program that does not build is told once, not for each of its kernels.
            let program = Kernel(source: launch.source, function: "", defines: launch.defines)
            guard !broken.contains(program) else { continue }
            do throws(SemblanceError) {
                try backend.build(launch)
            } catch {
                if error.code == .programBuildFailed { broken.insert(program) }
                failures.append(
                    Failure(kernel: "\(launch.source).cl, \(launch.function)", log: error.description))
            }
        }
        seconds = start.secondsElapsed
    }
}
