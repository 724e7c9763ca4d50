import SemblanceCore
import SemblanceTraining
import Testing

/// Which values are stored in half.
@Suite struct PrecisionTests {
    private func halves(_ program: Program) -> [Value] {
        zip(program.values, program.elements(.half)).filter { $1 == .half }.map(\.0)
    }

    @Test func floatStoresNothingInHalf() throws {
        let program = try Program.inference(Architecture.small.network(size: 32, seed: 1), batch: 2)
        #expect(program.elements(.float).allSatisfy { $0 == .float })
        #expect(!halves(program).isEmpty)
    }

    @Test func theHostAndTheHeadSeeFloats() throws {
        let network = try Architecture.iResNet18.network(size: 32, seed: 1)
        let training = try TrainingProgram(
            network: network, classes: 8, batch: 2, loss: .arcFace(margin: 0.5, scale: 64),
            optimiser: .sgd(momentum: 0.9, weightDecay: 0), precision: .half, seed: 1)
        let program = training.program, elements = program.elements(.half)
        for value in halves(program) {
            guard case .intermediate = value.storage else {
                Issue.record("\(value.name) is stored in half")
                continue
            }
        }
        // Every convolution but the first reads, and all write, halves; so do their gradients, but for weights.
        for step in program.steps {
            let inputs = step.inputs.map { elements[$0.index] },
                outputs = step.outputs.map { elements[$0.index] }
            switch step.op {
            case .convolution:
                #expect(
                    inputs[0] == (step.inputs[0] == training.images ? .float : .half) && outputs == [.half])
            case .convolutionInputGradient: #expect(inputs == [.half, .float] && outputs == [.half])
            case .convolutionWeightGradient: #expect(inputs[1] == .half && outputs == [.float])
            case .batchNormTraining:
                #expect(inputs[0] == .half && outputs.dropFirst().allSatisfy { $0 == .float })
            case .l2Normalise, .l2NormaliseGradient, .marginSoftmax, .marginSoftmaxGradient, .sumOfSquares,
                .sgd:
                #expect((inputs + outputs).allSatisfy { $0 == .float }, "\(step.op.name)")
            default: break
            }
        }
    }
}
