import CallCounter
import SemblanceCore
import SemblanceOpenCL
import Testing

/// What the running loop asks of the driver.
@Suite(.needsOpenCL) struct CallCountTests {
    static let forbidden: [CountedCall] = [
        CountedCreateBuffer, CountedCreateSubBuffer, CountedCreateProgram, CountedBuildProgram, CountedFinish,
        CountedWaitForEvents,
    ]

    @Test(arguments: TestDevice.Guise.allCases)
    func loopAllocatesBuildsAndWaitsForNothing(guise: TestDevice.Guise) throws {
        let small = try SmallProgram()
        reset_counted_calls()
        let plan = try TestDevice.backend(guise).prepare(small.program, options: PlanOptions())
        // The counter sees both callers, or the zeros below would mean nothing.
        #expect(counted_calls(CountedCreateBuffer, 0) > 0)
        #expect(counted_calls(CountedCreateKernel, 0) > 0)
        let usesCLBlast = plan.kernels.contains("clblast.gemm")
        #expect(usesCLBlast == (guise == .clblast))
        #expect((counted_calls(CountedCreateKernel, 1) > 0) == usesCLBlast)

        try plan.write(small.image, to: small.input)
        try plan.run()
        _ = try plan.read(small.output)
        reset_counted_calls()
        for _ in 2...20 { try plan.run() }
        for call in CallCountTests.forbidden {
            #expect(counted_calls(call, 0) == 0, "call \(call) by the engine")
            #expect(counted_calls(call, 1) == 0, "call \(call) by CLBlast")
        }
        // Arguments were set at preparation. CLBlast makes a kernel object and sets its arguments at each call: host memory only.
        #expect(counted_calls(CountedCreateKernel, 0) == 0)
        #expect(counted_calls(CountedSetKernelArg, 0) == 0)
        let own = plan.kernels.count { $0 != "clblast.gemm" }
        #expect(counted_calls(CountedEnqueueKernel, 0) == UInt(19 * own))
        _ = try plan.read(small.output)
    }
}
