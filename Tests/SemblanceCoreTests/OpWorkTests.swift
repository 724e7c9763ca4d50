import SemblanceCore
import Testing

@Suite struct OpWorkTests {
    private func work(_ op: Op, _ inputs: [Shape], _ outputs: [Shape]) -> OpWork {
        op.work(inputs: inputs, outputs: outputs)
    }

    @Test func productsAreCountedByTheDirectAlgorithm() throws {
        var convolution = Convolution(window: Window(kernel: Extent(3), padding: Padding(1)))
        // 64 x 56 x 56 outputs, each a sum of 3 x 3 x 32 products.
        let x: Shape = [2, 32, 56, 56], weight: Shape = [64, 32, 3, 3], y: Shape = [2, 64, 56, 56]
        let operations = 2 * 2 * 64 * 56 * 56 * 9 * 32
        #expect(work(.convolution(convolution), [x, weight], [y]).operations == operations)
        #expect(work(.convolutionInputGradient(convolution), [y, weight], [x]).operations == operations)
        #expect(work(.convolutionWeightGradient(convolution), [x, y], [weight]).operations == operations)
        #expect(
            work(.convolution(convolution), [x, weight], [y]).bytes
                == 4 * (2 * 32 * 56 * 56 + 64 * 32 * 9 + 2 * 64 * 56 * 56))
        // Depthwise: nine products an output.
        convolution.groups = 32
        #expect(
            work(.convolution(convolution), [x, [32, 1, 3, 3]], [x]).operations == 2 * 2 * 32 * 56 * 56 * 9)
        #expect(
            work(.fullyConnected(FullyConnected(hasBias: false)), [[3, 5], [7, 5]], [[3, 7]]).operations
                == 210)
        #expect(work(.fullyConnectedWeightGradient, [[3, 5], [3, 7]], [[7, 5]]).operations == 210)
        #expect(work(.topScores(count: 2), [[3, 5], [9, 5], [9]], [[3, 2], [3, 2]]).operations == 270)
    }

    @Test func theRestIsAnOperationAnElement() throws {
        #expect(work(.add, [[2, 3], [2, 3]], [[2, 3]]) == OpWork(operations: 6, bytes: 72))
    }

    @Test func quantilesLieBetweenNeighbours() {
        #expect([4.0, 1, 3, 2].median == 2.5 && [7.0].median == 7)
        #expect([0.0, 10, 20, 30, 40].quantile(0.1) == 4)
        #expect([Double]().median.isNaN)
    }
}
