import COneDNN
import SemblanceCore

// Operations that move elements: a view of the memory where that will do, else a reorder between strided layouts.
extension Op {
    func lowerReshape(_ step: Step, _ lowering: Lowering) throws(SemblanceError) {
        let source = try lowering.plain(step.inputs[0], as: lowering.shape(step.outputs[0]))
        guard !lowering.alias(step.outputs[0], to: source) else { return }
        try lowering.definePlain(step.outputs[0]) { (target) throws(SemblanceError) in
            try lowering.reorder(source, to: target)
        }
    }

    func lowerTranspose(_ step: Step, _ lowering: Lowering, _ permutation: [Int]) throws(SemblanceError) {
        var source = try lowering.source(step.inputs[0])
        source.layout = try source.layout.transposed(permutation)
        guard !lowering.alias(step.outputs[0], to: source) else { return }
        try lowering.definePlain(step.outputs[0]) { (target) throws(SemblanceError) in
            try lowering.reorder(source, to: target)
        }
    }

    func lowerConcat(_ step: Step, _ lowering: Lowering, axis: Int) throws(SemblanceError) {
        let inputs = try step.inputs.map { (value) throws(SemblanceError) in try lowering.source(value) }
        let strides = lowering.shape(step.outputs[0]).strides
        try lowering.definePlain(step.outputs[0]) { (target) throws(SemblanceError) in
            var start = 0
            for (value, source) in zip(step.inputs, inputs) {
                let shape = lowering.shape(value)
                var part = target
                part.offset += start * strides[axis] * 4
                part.layout = try MemoryDescriptor(shape, strides: strides)
                try lowering.reorder(source, to: part)
                start += shape[axis]
            }
        }
    }

    func lowerSlice(_ step: Step, _ lowering: Lowering, axis: Int, start: Int) throws(SemblanceError) {
        let shape = lowering.shape(step.outputs[0])
        var source = try lowering.source(step.inputs[0])
        if let part = try? source.layout.part(shape, axis: axis, start: start) {
            source.layout = part
        } else {
            // A part that does not begin at a block.
            source = try lowering.plain(step.inputs[0])
            source.layout = try source.layout.part(shape, axis: axis, start: start)
        }
        try lowering.definePlain(step.outputs[0]) { (target) throws(SemblanceError) in
            try lowering.reorder(source, to: target)
        }
    }
}
