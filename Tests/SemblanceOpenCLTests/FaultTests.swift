import SemblanceCore
import SemblanceOpenCL
import Testing

/// Forced failures, and what the engine says then.
@Suite(.needsOpenCL) struct FaultTests {
    private func prepare(_ faults: FaultInjection) throws -> any Plan {
        try TestDevice.backend(faults: faults).prepare(SmallProgram().program, options: PlanOptions())
    }

    private func error(_ body: () throws -> Void) -> SemblanceError? {
        do {
            try body()
            return nil
        } catch {
            return error as? SemblanceError
        }
    }

    @Test func failedBuildNamesTheKernelAndShowsTheLog() throws {
        var faults = FaultInjection()
        faults.brokenSource = "gemm"
        let error = try #require(error { _ = try prepare(faults) })
        #expect(error.code == .programBuildFailed)
        #expect(error.message.contains("gemm.cl") && error.message.contains("injected failure"))
        #expect(error.message.contains("convolution (conv)"))
    }

    @Test func largeAllocationIsOutOfMemory() throws {
        var faults = FaultInjection()
        faults.allocationLimit = 100_000
        let error = try #require(error { _ = try prepare(faults) })
        #expect(error.code == .outOfMemory)
        #expect(error.message.contains("MB"))
    }

    @Test func everyAllocationMayFail() throws {
        var failed = 0
        for index in 1...10 {
            var faults = FaultInjection()
            faults.failingAllocation = index
            guard let error = error({ _ = try prepare(faults) }) else { break }
            #expect(error.code == .outOfMemory)
            failed += 1
        }
        // Scratch, arena, values, staging.
        #expect(failed >= 4 && failed < 10)
    }

    @Test func moreThanTheDeviceHasIsOutOfMemory() throws {
        let device = try TestDevice.device()
        let memory = try #require(device.device.memory)
        var program = Program()
        let count = 1 << 16
        let a = program.add("a", [memory / 4 / count + 1, count], .input)
        let b = program.add("b", program.shape(of: a), .output)
        program.append(.reshape([0, -1]), [a], into: [b])
        let error = try #require(
            error { _ = try TestDevice.backend().prepare(program, options: PlanOptions()) })
        #expect(error.code == .outOfMemory)
        #expect(error.message.contains("MB"))
    }

    @Test func faultInMidRunNamesTheStep() throws {
        var faults = FaultInjection()
        let small = try SmallProgram()
        faults.failingEnqueue = 2
        let plan = try prepare(faults)
        try plan.write(small.image, to: small.input)
        let error = try #require(error { try plan.run() })
        #expect(error.code == .deviceFault)
        #expect(error.message.contains("convolution (conv), kernel gemm"))
        // One fault, not a broken plan: the caller may try again.
        try plan.run()
        #expect(try plan.read(small.output).allSatisfy { $0.isFinite })
    }

    @Test func faultWhileWaitingIsADeviceFault() throws {
        var faults = FaultInjection()
        let small = try SmallProgram()
        faults.failingWait = 1
        let plan = try prepare(faults)
        try plan.write(small.image, to: small.input)
        try plan.run()
        let error = try #require(error { _ = try plan.read(small.output) })
        #expect(error.code == .deviceFault)
        #expect(error.message.contains("embedding"))
    }
}
