import SemblanceCore
import SemblanceOpenCL
import SemblanceTestSupport
import Testing

/// Every operation but the products against the reference.
@Suite(.needsOpenCL) struct OperationTests {
    static let cases = OpCase.all.filter { opCase in
        !ProductTests.cases.contains { $0.name == opCase.name }
    }
    static let backend = Result { try TestDevice.backend() }

    @Test(arguments: cases)
    func agreesWithReference(opCase: OpCase) throws {
        let seed = UInt64.random(in: .min ... .max)
        let failure = try OpCaseRunner.run(opCase, on: OperationTests.backend.get(), seed: seed)
        #expect(failure == nil)
    }
}
