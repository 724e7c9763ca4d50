import COpenCL
import SemblanceCore

extension ProbeTrial {
    static let launches = [launchRate, launchLatency]

    /// Launches a second, of a kernel that does nothing, with one wait for a thousand.
    private static let launchRate = ProbeTrial(group: "launches", name: "rate of an empty kernel") {
        (bench) throws(SemblanceError) in
        let kernel = try bench.kernel("nothing", of: bench.program("probe"))
        try bench.enqueue(kernel, global: 1, local: 1)
        try bench.finish()
        let count = 1000
        let times = try bench.times(most: 100) { () throws(SemblanceError) in
            for _ in 0..<count { try bench.enqueue(kernel, global: 1, local: 1) }
            try bench.finish()
        }
        return .init(
            outcome: .measured,
            figures: [.init(what: "launches", value: Double(count) / times.median, unit: "1/s")])
    }

    /// From the launch of a kernel that does nothing until the host knows that it is done.
    private static let launchLatency = ProbeTrial(group: "launches", name: "one empty kernel and its end") {
        (bench) throws(SemblanceError) in
        let kernel = try bench.kernel("nothing", of: bench.program("probe"))
        try bench.enqueue(kernel, global: 1, local: 1)
        try bench.finish()
        let times = try bench.times(most: 2000) { () throws(SemblanceError) in
            try bench.enqueue(kernel, global: 1, local: 1)
            try bench.finish()
        }
        return .init(
            outcome: .measured,
            figures: [
                .init(what: "median", value: times.median * 1e6, unit: "us"),
                .init(what: "10 %", value: times.quantile(0.1) * 1e6, unit: "us"),
                .init(what: "90 %", value: times.quantile(0.9) * 1e6, unit: "us"),
            ])
    }
}
