import SemblanceTestSupport
import Testing

@Suite struct OpCaseTests {
    @Test func namesAreUnique() {
        var seen: Set<String> = []
        let twice = OpCase.all.map(\.name).filter { !seen.insert($0).inserted }
        #expect(twice.isEmpty)
    }

    @Test(arguments: OpCase.all)
    func referenceAgainstItself(opCase: OpCase) throws {
        let failure = try OpCaseRunner.run(opCase, on: ReferenceBackend(), seed: .random(in: .min ... .max))
        #expect(failure == nil)
    }
}
