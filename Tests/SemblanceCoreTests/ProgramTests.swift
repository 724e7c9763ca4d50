import SemblanceCore
import SemblanceTestSupport
import Testing

/// What a program means, through the reference.
@Suite struct ProgramTests {
    @Test func valuesAndSteps() throws {
        var program = Program()
        let x = program.add("x", [2, 3], .input)
        let bias = program.add("bias", [1, 3], .constant, initial: [1, 2, 3])
        let y = try program.append(.add, [x, bias], named: "y")
        #expect(y.count == 1 && program[y[0]].storage == .intermediate)
        #expect(program.shape(of: y[0]) == [2, 3])
        program.setStorage(.output, of: y[0])
        #expect(program.value(named: "y") == y[0])
        #expect(program.value(named: "z") == nil)
        #expect(program.initialValues == [bias: [1, 2, 3]])
        #expect(throws: SemblanceError.self) { try program.append(.add, [bias, x], named: "z") }
        #expect(program.steps.count == 1)

        let plan = try ReferenceBackend().prepare(program, options: PlanOptions())
        try plan.write([1, 2, 3, 4, 5, 6], to: x)
        try plan.run()
        #expect(try plan.read(y[0]) == [2, 4, 6, 5, 7, 9])
    }

    /// Views of states share their memory, views of views too, and states live from run to run.
    @Test func viewsAndStates() throws {
        var program = Program()
        let state = program.add("state", [6], .state, initial: [0, 1, 2, 3, 4, 5])
        let middle = program.add("middle", [4], .view(of: state, offset: 1))
        let inner = program.add("inner", [2], .view(of: middle, offset: 1))
        program.append(.add, [inner, inner], into: [inner])
        let empty = program.add("empty", [2], .state)
        let plan = try ReferenceBackend().prepare(program, options: PlanOptions())
        #expect(try plan.read(empty) == [0, 0])
        try plan.run()
        #expect(try plan.read(state) == [0, 1, 4, 6, 4, 5])
        try plan.run()
        #expect(try plan.read(state) == [0, 1, 8, 12, 4, 5])
        #expect(try plan.read(middle) == [1, 8, 12, 4])
        try plan.write([9, 9, 9, 9, 9, 9], to: state)
        #expect(try plan.read(inner) == [9, 9])
    }
}
