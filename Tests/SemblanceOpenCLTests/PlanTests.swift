import SemblanceCore
import SemblanceOpenCL
import Testing

@Suite(.needsOpenCL) struct PlanTests {
    private func plan(_ program: Program, guards: Int = 0, profiles: Bool = false) throws -> any Plan {
        var options = PlanOptions()
        options.guardElements = guards
        options.poisons = guards > 0
        options.profiles = profiles
        return try TestDevice.backend().prepare(program, options: options)
    }

    @Test func reshapeOfAnIntermediateIsAnAlias() throws {
        let small = try SmallProgram()
        let plan = try plan(small.program)
        // No kernel for the reshape.
        let expected =
            try TestDevice.device().traits.isGPU
            ? ["im2col", "gemm_tiled", "gemm_tiled"] : ["im2col_rows", "gemm_vector_nn", "gemm_vector_nt"]
        #expect(plan.kernels.filter { $0 != "gemm_reduce" } == expected)
    }

    @Test func reshapeToAnOutputIsACopy() throws {
        var program = Program()
        let x = program.add("x", [2, 6], .input)
        let y = program.add("y", [3, 4], .output)
        program.append(.reshape([3, 4]), [x], into: [y])
        let plan = try plan(program, guards: 16)
        #expect(plan.kernels == ["reshape"])
        let values = (0..<12).map(Float.init)
        try plan.write(values, to: x)
        try plan.run()
        #expect(try plan.read(y) == values)
        #expect(try plan.damagedGuards().isEmpty)
    }

    /// A state may change after the reshape read it: sharing its memory would show the change.
    @Test func reshapeOfAStateIsACopy() throws {
        var program = Program()
        let state = program.add("state", [4, 4], .state, initial: (0..<16).map(Float.init))
        let flat = program.add("flat", [2, 8], .intermediate)
        let y = program.add("y", [4, 4], .output)
        let input = program.add("input", [4, 4], .input)
        program.append(.reshape([2, 8]), [state], into: [flat])
        program.append(.reshape([4, 4]), [input], into: [state])
        program.append(.reshape([4, 4]), [flat], into: [y])
        let plan = try plan(program)
        try plan.write([Float](repeating: -1, count: 16), to: input)
        try plan.run()
        #expect(try plan.read(y) == (0..<16).map(Float.init))
        #expect(try plan.read(state) == [Float](repeating: -1, count: 16))
    }

    /// An alias keeps its input's memory in use until the alias' own last use.
    @Test func aliasExtendsTheLifeOfItsInput() throws {
        var program = Program()
        let x = program.add("x", [8, 8], .input)
        let identity = program.add(
            "identity", [8, 8], .constant, initial: (0..<64).map { $0 % 9 == 0 ? 1 : 0 })
        let half = program.add("half", [8, 8], .constant, initial: (0..<64).map { $0 % 9 == 0 ? 0.5 : 0 })
        let layer = Op.fullyConnected(FullyConnected(hasBias: false))
        let a = try program.append(layer, [x, identity], named: "a")[0]
        let alias = try program.append(.reshape([4, 16]), [a], named: "alias")[0]
        var other = x
        for index in 0..<4 { other = try program.append(layer, [other, half], named: "other \(index)")[0] }
        let late = try program.append(.reshape([8, 8]), [alias], named: "late")[0]
        let y = program.add("y", [8, 8], .output), z = program.add("z", [8, 8], .output)
        program.append(layer, [late, identity], into: [y])
        program.append(layer, [other, identity], into: [z])
        let plan = try plan(program)
        let values = (0..<64).map { Float($0) - 31 }
        try plan.write(values, to: x)
        try plan.run()
        #expect(try plan.read(y) == values)
        #expect(try plan.read(z) == values.map { $0 / 16 })
    }

    @Test func inputsInFlightKeepTheirValues() throws {
        var program = Program()
        let x = program.add("x", [1024], .input)
        let outputs = (0..<1).map { program.add("y\($0)", [1024], .output) }
        program.append(.reshape([1024]), [x], into: outputs)
        let plan = try plan(program)
        // More writes than slots, without a wait between them: the last one counts, and none is torn.
        for round in 0..<50 {
            try plan.write([Float](repeating: Float(round), count: 1024), to: x)
            try plan.run()
            if round % 7 == 0 {
                #expect(try plan.read(outputs[0]) == [Float](repeating: Float(round), count: 1024))
            }
        }
        #expect(try plan.read(outputs[0]) == [Float](repeating: 49, count: 1024))
    }

    /// A launch that was told one element too many writes into the guard behind its output, or behind its scratch tensor.
    @Test(arguments: ["nothing", "output", "scratch"])
    func guardsDetectWritesOutOfBounds(damaged: String) throws {
        var program = Program()
        let x = program.add("x", [200], .input)
        let y = program.add("y", [100], .output)
        program.append(.reshape([100]), [x], into: [y])
        var options = PlanOptions()
        options.guardElements = 32
        let plan = try OpenCLPlan(program, on: TestDevice.backend(), options: options) {
            (_, inputs, outputs, lowering) in
            let scratch = lowering.scratch([100])
            for (name, target) in [("output", outputs[0]), ("scratch", scratch)] {
                lowering.launchFlat(
                    "reshape", "reshape", count: name == damaged ? 101 : 100,
                    [.tensor(inputs[0]), .tensor(target)])
            }
        }
        try plan.write([Float](repeating: 1, count: 200), to: x)
        try plan.run()
        let names = ["nothing": [], "output": ["y"], "scratch": ["scratch of reshape (y)"]]
        #expect(try plan.damagedGuards() == names[damaged])
    }

    @Test func guardsAndPoisonDoNotChangeResults() throws {
        let small = try SmallProgram()
        var results: [[Float]] = []
        for guards in [0, 64] {
            let plan = try plan(small.program, guards: guards)
            try plan.write(small.image, to: small.input)
            try plan.run()
            results.append(try plan.read(small.output))
            #expect(try plan.damagedGuards().isEmpty)
        }
        #expect(results[0] == results[1])
        #expect(results[0].allSatisfy { $0.isFinite })
    }

    @Test func profilesTimeEveryKernel() throws {
        let small = try SmallProgram()
        let plan = try plan(small.program, profiles: true)
        #expect(try plan.timings().isEmpty)
        try plan.write(small.image, to: small.input)
        for _ in 0..<2 { try plan.run() }
        let timings = try plan.timings()
        #expect(timings.map(\.kernel) == plan.kernels)
        #expect(timings.allSatisfy { $0.seconds >= 0 && $0.seconds < 10 })
        #expect(timings.contains { $0.seconds > 0 })
    }

    /// The same bits again, from another plan and another backend.
    @Test(arguments: TestDevice.Guise.allCases)
    func runsRepeatBitForBit(guise: TestDevice.Guise) throws {
        let small = try SmallProgram()
        var first: [Float]?
        for _ in 0..<2 {
            let plan = try TestDevice.backend(guise).prepare(small.program, options: PlanOptions())
            try plan.write(small.image, to: small.input)
            for _ in 0..<2 {
                try plan.run()
                let result = try plan.read(small.output)
                #expect(first == nil || first == result)
                first = result
            }
        }
    }

    /// Several threads, each with its own plan of one backend.
    @Test func plansOfOneBackendRunOnManyThreads() async throws {
        let small = try SmallProgram()
        for guise in [TestDevice.Guise.itself, .clblast] {
            let backend = try TestDevice.backend(guise)
            let results = try await withThrowingTaskGroup(of: [Float].self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let plan = try backend.prepare(small.program, options: PlanOptions())
                        try plan.write(small.image, to: small.input)
                        for _ in 0..<3 { try plan.run() }
                        return try plan.read(small.output)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(results).count == 1)
        }
    }
}
