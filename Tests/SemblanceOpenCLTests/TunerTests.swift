import Foundation
import SemblanceCore
import SemblanceOpenCL
import SemblanceTestSupport
import SemblanceTuning
import Synchronization
import Testing

/// The search: what is wrong, does not build or fails never wins, however fast it is.
@Suite(.needsOpenCL) struct TunerTests {
    /// A program of one convolution that every algorithm suits.
    private func program(images: Int = 2) throws -> Program {
        var program = Program()
        var random = RandomSource(seed: 1)
        let x = program.add("x", [images, 32, 9, 10], .input)
        let values = (0..<32 * 32 * 9).map { _ in random.normal() }
        let weight = program.add("weight", [32, 32, 3, 3], .constant, initial: values)
        let convolution = Convolution(window: Window(kernel: Extent(3), padding: Padding(1)))
        let y = try program.append(.convolution(convolution), [x, weight], named: "y")[0]
        program.setStorage(.output, of: y)
        return program
    }

    /// - Parameters:
    ///   - runs: whether what is timed runs for real too.
    ///   - clock: seconds of a run of these kernels.
    private func tune(
        _ faults: FaultInjection = FaultInjection(), within seconds: Double = 600, runs: Bool = true,
        clock: @escaping (Set<String>) -> Double
    ) throws -> (result: TuningResult?, stopped: String?) {
        let backend = try OpenCLBackend(TestDevice.device(), binaries: .off, tuning: .off, faults: faults)
        let subject = try #require(TuningSubject.all(in: [program()], on: backend.traits).first)
        let settings = Tuner.Settings(
            deadline: .now + .seconds(seconds), seed: .random(in: .min ... .max))
        var tuner = Tuner(
            backend, cpu: ReferenceBackend(), settings: settings,
            clock: { (trial) throws(SemblanceError) in
                if runs { _ = try trial.seconds() }
                return clock(Set(trial.kernels))
            })
        return (try tuner.tune(subject), tuner.stopped)
    }

    /// Takes the implicit product for the fastest by far.
    private func prefersImplicit(_ kernels: Set<String>) -> Double {
        let isImplicit = kernels.contains("implicit_gemm") && !kernels.contains { $0.hasPrefix("winograd") }
        return isImplicit ? 1e-9 : kernels.contains("winograd_output_2") ? 0.5 : 1
    }

    @Test func theFastestOfTheRightWins() throws {
        let (result, stopped) = try tune(clock: prefersImplicit)
        let found = try #require(result)
        #expect(stopped == nil && found.isComplete && found.isFaster && found.rejections.isEmpty)
        #expect(found.choice.hasPrefix("implicit") && found.rule == "im2col")
        #expect(try found.beforeMs == 1000 && #require(found.afterMs) < 1e-5)
        // Four algorithms and the tiles and parts of one.
        #expect(found.tried > 12)
    }

    /// A real search, by the device's clock, of all that there is for GPUs.
    @Test(arguments: [Precision.float, .half])
    func searchesWhatGPUsHave(precision: Precision) throws {
        var traits = try TestDevice.device().traits
        (traits.isGPU, traits.computeUnits) = (true, 132)
        let backend = try OpenCLBackend(
            TestDevice.device(), traits: traits, precision: precision, tuning: .off)
        let settings = Tuner.Settings(deadline: .now + .seconds(600), seed: .random(in: .min ... .max))
        var tuner = Tuner(backend, cpu: ReferenceBackend(), settings: settings)
        let subject = try #require(TuningSubject.all(in: [program()], on: backend.traits).first)
        let found = try #require(try tuner.tune(subject))
        #expect(found.isComplete && found.rejections.isEmpty && found.rule == "implicit")
        // Tiles at least of the fastest algorithm, unless columns are.
        #expect(found.tried > (found.choice == "im2col" ? 3 : 12))
        let times = (try #require(found.beforeMs), try #require(found.afterMs))
        #expect(times.1 > 0 && (found.isFaster ? times.1 < times.0 : times.1 == times.0))
    }

    @Test func whatIsWrongLosesThoughItIsTheFastest() throws {
        var faults = FaultInjection()
        // Fast, as it multiplies nothing.
        faults.insertions["implicitGemm"] = "#define multiply_slice(a, b, c, d, e, f, g) (g)[0][0] = (a)[0]"
        let found = try #require(try tune(faults, clock: prefersImplicit).result)
        #expect(found.choice == "winograd2" && found.isComplete)
        let out = try #require(found.rejections.first { $0.choice == "implicit" })
        #expect(out.reason.contains("something else") && out.reason.contains("allowed"))
    }

    /// Wrong in one place only, which a look at a few elements might miss.
    @Test func aSingleWrongElementIsEnough() throws {
        var faults = FaultInjection()
        faults.insertions["winograd"] =
            "#define get_global_id(d) (get_global_id(d) == 7 && get_global_size(d) > 7 && (d) == 1 ? 8 : get_global_id(d))"
        let found = try #require(
            try tune(faults) { $0.contains { $0.hasPrefix("winograd_output") } ? 1e-9 : 1 }.result)
        #expect(found.choice == "im2col")
        #expect(Set(found.rejections.map(\.choice)) == ["winograd2", "winograd4"])
    }

    @Test func whatDoesNotBuildLosesThoughItIsTheFastest() throws {
        var faults = FaultInjection()
        faults.brokenSource = "implicitGemm"
        let (result, stopped) = try tune(faults, clock: prefersImplicit)
        let found = try #require(result)
        #expect(found.choice == "winograd2" && stopped == nil)
        #expect(found.rejections.contains { $0.choice == "implicit" && $0.reason.contains("does not build") })
    }

    @Test func aRuleThatIsWrongIsReplaced() throws {
        var faults = FaultInjection()
        faults.brokenSource = "convolution"
        let found = try #require(try tune(faults) { _ in 1 }.result)
        #expect(found.beforeMs == nil && found.afterMs != nil && found.isFaster)
        #expect(found.rejections.map(\.choice) == ["im2col"])

        for source in ["convolution", "implicitGemm", "winograd"] {
            faults.insertions[source] = "#error nothing builds"
        }
        let none = try #require(try tune(faults) { _ in 1 }.result)
        #expect(none.choices == nil && none.afterMs == nil && !none.isFaster)
    }

    /// Times that differ by chance alone, and by less than the margin, change nothing.
    @Test func noiseDoesNotWin() throws {
        let random = Mutex(RandomSource(seed: .random(in: .min ... .max)))
        // Without a run each, so that there are as many rounds as there may be.
        let noisy = try #require(
            try tune(runs: false) { _ in random.withLock { Double($0.uniform(0.5...1.5)) } }.result)
        #expect(!noisy.isFaster && noisy.isComplete)
        let near = try #require(try tune { $0.contains("implicit_gemm") ? 0.98 : 1 }.result)
        #expect(!near.isFaster && near.choice == "im2col" && near.choices != nil)
    }

    @Test func aDeviceThatDisappearsEndsTheSearch() throws {
        var faults = FaultInjection()
        faults.disappearsAt = 40
        let (result, stopped) = try tune(faults) { _ in 1 }
        #expect(try #require(stopped).contains("in a row"))
        let found = try #require(result)
        #expect(!found.isComplete && found.choices == nil && found.rejections.count == 3)

        // One that fails once is asked again.
        var once = FaultInjection()
        once.failingEnqueue = 40
        let outcome = try tune(once) { _ in 1 }
        #expect(outcome.stopped == nil && outcome.result?.isComplete == true)
        #expect(outcome.result?.rejections.count == 1)
    }

    @Test func theTimeEndsTheSearch() throws {
        #expect(try tune(within: -1) { _ in 1 }.result == nil)
        let start = ContinuousClock.now
        // The rule's way and one candidate.
        let (result, stopped) = try tune(within: 2) { kernels in
            while ContinuousClock.now < start + .seconds(2.2) { usleep(10_000) }
            return prefersImplicit(kernels)
        }
        let found = try #require(result)
        #expect(stopped == nil && !found.isComplete && found.tried < 3)
    }

    /// Each program counts the same, and a shape that several steps have is searched once.
    @Test func subjectsAreOrderedByWork() throws {
        let traits = try TestDevice.device().traits
        let network = try Architecture.small.network(size: 32, seed: 1).optimised()
        let programs = try [1, 8].map { try Program.inference(network, batch: $0) }
        let subjects = TuningSubject.all(in: programs, on: traits)
        #expect(Set(subjects.map(\.tunable)).count == subjects.count && subjects.count == 16)
        #expect(abs(subjects.reduce(0) { $0 + $1.share } - 1) < 0.05)
        #expect(zip(subjects, subjects.dropFirst()).allSatisfy { $0.share >= $1.share })
    }

    @Test func trainingHasGradientsToo() throws {
        let workload = try TuningWorkload(model: nil, batches: [2], trains: true)
        let traits = try TestDevice.device().traits
        let shapes = TuningSubject.all(in: try workload.programs(), on: traits).map { "\($0.tunable)" }
        #expect(shapes.contains { $0.hasPrefix("convolution 2x64x112x112 -> 64x112x112") })
        // A weight gradient of that layer.
        #expect(shapes.contains { $0.hasPrefix("weight gradient 2x64x112x112 -> 64x112x112") }, "\(shapes)")
    }
}
