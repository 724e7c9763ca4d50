import SemblanceCore
import SemblanceTestSupport
import Testing

/// Every operation of every backend against the reference.
@Suite struct BackendAgreementTests {
    @Test(arguments: TestBackend.all, TestScope.cases)
    func agreesWithTheReference(backend: TestBackend, opCase: OpCase) throws {
        let failure = try OpCaseRunner.run(
            opCase, on: backend.backend, seed: .random(in: .min ... .max), briefly: TestScope.isSmall)
        #expect(failure == nil)
    }
}
