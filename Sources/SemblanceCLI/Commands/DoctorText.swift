import Foundation
import SemblanceDoctor

/// An examination as text.
struct DoctorText {
    private let examination: Examination

    init(_ examination: Examination) { self.examination = examination }

    var lines: [String] {
        let head =
            "\(examination.device) (\(examination.deviceName))\(examination.precision.suffix), \(examination.seconds.formatted(1)) s"
        return [head] + kernels + operations + networks + examination.notes.map { "  note: \($0)" }
            + [
                "  \(examination.isHealthy ? "healthy" : "ill: \(examination.findings.count) things are wrong")"
            ]
    }

    private var kernels: [String] {
        guard let builds = examination.kernels else { return [] }
        let failed = builds.failures.isEmpty ? "all build" : "\(builds.failures.count) do not build"
        return [
            "  kernels: \(builds.kernels) in \(builds.programs) programs, \(builds.seconds.formatted(1)) s; \(failed)"
        ] + (examination.tuning.map { ["  tuning: \($0)"] } ?? [])
    }

    private var operations: [String] {
        let checks = examination.operations
        guard !checks.isEmpty else { return [] }
        let cases = checks.reduce(0) { $0 + $1.cases }, wrong = checks.reduce(0) { $0 + $1.failures.count }
        var lines = [
            "  operations, against double precision: \(cases) cases, \(wrong == 0 ? "all right" : "\(wrong) wrong")"
        ]
        let width = (checks.map(\.operation.count).max() ?? 0) + 2
        for check in checks {
            let name = check.operation.padding(toLength: width, withPad: " ", startingAt: 0)
            let figures = String(
                format: "%4d cases   difference %7.1e of %7.1e allowed", check.cases, check.difference,
                check.allowed)
            let wrong = check.failures.isEmpty ? "" : "   \(check.failures.count) WRONG"
            lines.append("    \(name)\(figures)\(wrong)")
        }
        return lines
    }

    private var networks: [String] {
        examination.networks.flatMap { check -> [String] in
            let head = "  \(check.network), on \(check.device) against \(check.against): "
            if check.images == 0 { return [head + "failed: \(check.failure ?? "")"] }
            let ran = check.kernels.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
                .map { "\($0.key) x\($0.value)" }
            let time =
                check.kernelSeconds > 0
                ? ", \((check.kernelSeconds * 1e3).formatted(1)) ms in kernels by the device's clock" : ""
            return [
                head + (check.failure.map { "WRONG: \($0)" } ?? "right"),
                String(
                    format: "    %d images: lowest cosine %.9f, largest difference %.1e", check.images,
                    check.cosine, check.difference),
                String(
                    format: "    %d of %d pairs flip at %.4f; similarities differ by up to %.1e", check.flips,
                    check.pairs, check.threshold, check.similarityDifference),
                "    ran \(ran.joined(separator: ", "))\(time)",
            ]
        }
    }
}
