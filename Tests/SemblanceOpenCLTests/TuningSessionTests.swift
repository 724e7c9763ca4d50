import Foundation
import SemblanceCore
import SemblanceOpenCL
import SemblanceTestSupport
import SemblanceTuning
import Testing

/// What a session makes of a search for CLBlast's parameters in which they fail.
@Suite(.needsOpenCL) struct TuningSessionTests {
    /// A session for CLBlast's products alone, with a table of its own.
    /// - Parameter set: in place of setting parameters.
    private func search(
        _ table: String, _ faults: FaultInjection = FaultInjection(),
        set: @escaping (CLBlastParameters) throws(SemblanceError) -> Void = { _ in }
    ) throws -> (results: [TuningResult], summary: TuningSession.Summary) {
        let backend = try OpenCLBackend(
            TestDevice.device(), binaries: .off,
            tuning: FileManager.default.fileExists(atPath: table) ? .file(table) : .off, faults: faults)
        var settings = TuningSession.Settings(seconds: 600, seed: .random(in: .min ... .max))
        settings.searchesCLBlast = true
        settings.output = table
        var session = try TuningSession(
            backend, cpu: ReferenceBackend(), TuningWorkload(networks: [], batches: [1], trains: false),
            settings, setCLBlast: set)
        var results: [TuningResult] = []
        let summary = try session.run(progress: { _ in }) { results.append($0) }
        return (results, summary)
    }

    @Test func aDeviceThatDisappearsEndsTheSearchForCLBlastsParameters() throws {
        var faults = FaultInjection()
        faults.disappearsAt = 1
        try withTemporaryFolder { folder in
            let table = folder + "/table.json"
            // Nothing was measured: the second run tries again.
            for _ in 0..<2 {
                let (results, summary) = try search(table, faults)
                let found = try #require(results.first)
                #expect(found.tried == 3 && found.choice == "none" && !found.isComplete)
                #expect(found.rejections.count == 3)
                #expect(found.rejections.allSatisfy { $0.reason.contains("CL_DEVICE_NOT_AVAILABLE") })
                #expect(try #require(summary.stopped).contains("CLBlast's parameters: 3 faults"))
                #expect(summary.wrong == [found.subject] && summary.rejections == 3)
                #expect(!summary.isComplete)
            }
        }
    }

    @Test func parametersThatAllFailAreSearchedAgain() throws {
        // No device's fault, so that all are tried.
        var faults = FaultInjection()
        faults.allocationLimit = 1
        try withTemporaryFolder { folder in
            let table = folder + "/table.json"
            for _ in 0..<2 {
                let (results, summary) = try search(table, faults)
                let found = try #require(results.first)
                #expect(found.tried > 8 && found.rejections.count == found.tried && found.isComplete)
                #expect(found.rejections.allSatisfy { $0.reason.contains("memory") })
                #expect(summary.stopped == nil && summary.wrong == [found.subject])
            }
        }
    }

    /// What CLBlast cannot build or refuses is no fault of the device, and what it has by itself was measured.
    @Test(arguments: [CLStatus.buildProgramFailure, CLStatus(rawValue: -2046)])
    func parametersThatCLBlastRefusesAreTriedOnce(status: CLStatus) throws {
        let own = try CLBlastParameters.own(of: TestDevice.device())
        try withTemporaryFolder { folder in
            let table = folder + "/table.json"
            let (results, summary) = try search(table) { (parameters) throws(SemblanceError) in
                if parameters != own { throw status.error("setting them") }
            }
            let found = try #require(results.first)
            #expect(found.tried > 8 && found.rejections.count == found.tried - 1 && found.isComplete)
            #expect(found.afterMs != nil && found.choice == found.rule)
            #expect(summary.stopped == nil && summary.wrong.isEmpty)
            #expect(try search(table).results.isEmpty)
        }
    }
}
