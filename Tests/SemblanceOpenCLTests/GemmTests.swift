import SemblanceCore
import SemblanceOpenCL
import Testing

/// The kernels of gemm.cl and CLBlast against sums in double precision: layouts, batches and splits that layers do not reach.
@Suite(.needsOpenCL) struct GemmTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var m, n, k: Int
        var transposeA = false
        var transposeB = false
        var testDescription: String { "\(m)x\(n)x\(k) \(transposeA ? "T" : "N")\(transposeB ? "T" : "N")" }
    }

    static let cases: [Case] = {
        let sizes = [
            (1, 1, 1), (1, 33, 17), (65, 1, 130), (7, 31, 15), (64, 64, 16), (67, 129, 65), (1, 40, 5000),
            (9, 3, 2100),
        ]
        return sizes.flatMap { m, n, k in
            [(false, false), (true, false), (false, true), (true, true)].map {
                Case(m: m, n: n, k: k, transposeA: $0, transposeB: $1)
            }
        }
    }()

    @Test(arguments: TestDevice.Guise.allCases)
    func agreesWithDoubles(guise: TestDevice.Guise) throws {
        let seed = UInt64.random(in: .min ... .max)
        var random = RandomSource(seed: seed)
        let backend = try TestDevice.backend(guise)
        for one in GemmTests.cases {
            let (m, n, k, batch) = (one.m, one.n, one.k, 2)
            // Rows stand further apart than they are long, and tensors start anywhere.
            let (lda, ldb, ldc) = ((one.transposeA ? m : k) + 3, (one.transposeB ? k : n) + 1, n + 2)
            func values(_ count: Int) -> [Float] { (0..<count).map { _ in random.normal() } }
            let a = values(batch * (one.transposeA ? k : m) * lda + 5)
            let b = values(batch * (one.transposeB ? n : k) * ldb)
            let c = values(batch * m * ldc), bias = values(batch * m)
            let (strideA, strideB) = ((one.transposeA ? k : m) * lda, (one.transposeB ? n : k) * ldb)
            let buffers = [[], a, b, c, bias]
            func tensor(_ index: Int, from: Int = 0) -> DeviceTensor {
                DeviceTensor(buffer: index, offset: from, shape: [buffers[index].count - from])
            }
            let result = try backend.run(buffers: buffers, reading: 3) { lowering in
                lowering.product(
                    MatrixProduct(
                        m: m, n: n, k: k, batch: batch, alpha: 0.5, beta: 2,
                        a: .init(
                            tensor(1, from: 5), leading: lda, transposed: one.transposeA, batchStride: strideA
                        ),
                        b: .init(tensor(2), leading: ldb, transposed: one.transposeB, batchStride: strideB),
                        c: .init(tensor(3), leading: ldc, batchStride: m * ldc),
                        epilogue: Epilogue(bias: tensor(4), activation: .leakyRelu(slope: 0.25))))
            }
            var worst = 0.0
            for p in 0..<batch {
                for i in 0..<m {
                    for j in 0..<ldc {
                        let place = p * m * ldc + i * ldc + j
                        var want = Double(c[place])
                        if j < n {
                            var sum = 0.0
                            for x in 0..<k {
                                let left = a[5 + p * strideA + (one.transposeA ? x * lda + i : i * lda + x)]
                                let right = b[p * strideB + (one.transposeB ? j * ldb + x : x * ldb + j)]
                                sum += Double(left) * Double(right)
                            }
                            want = 0.5 * sum + 2 * want + Double(bias[p * m + i])
                            if want < 0 { want *= 0.25 }
                        }
                        worst = max(worst, abs(Double(result[place]) - want))
                    }
                }
            }
            // Elements are normal, so that a sum is about sqrt(k) large.
            let allowed = 4e-7 * Double(k).squareRoot() * (4 * Double(k).squareRoot() + 8)
            #expect(worst <= allowed, "\(one.testDescription) by \(guise), seed \(seed): off by \(worst)")
        }
    }

    @Test func longSumsAreSplitOnGPUs() throws {
        var traits = try TestDevice.device().traits
        (traits.isGPU, traits.computeUnits) = (true, 80)
        var lowering = Lowering(traits: traits, scratchBuffer: 0)
        let tensor = DeviceTensor(buffer: 1, offset: 0, shape: [1])
        lowering.product(
            MatrixProduct(
                m: 1, n: 512, k: 25088, a: .init(tensor, leading: 25088),
                b: .init(tensor, leading: 25088, transposed: true), c: .init(tensor, leading: 512)))
        let functions = lowering.commands.map { command in
            if case .launch(let launch) = command { launch.function } else { "clblast" }
        }
        #expect(functions == ["gemm_tiled", "gemm_reduce"])
    }
}
