/// Names a value of a `Program`.
public struct ValueID: Hashable, Sendable {
    public let index: Int
    public init(_ index: Int) { self.index = index }
}

/// Where a value lives.
public enum Storage: Hashable, Sendable {
    /// Written by the host before a run.
    case input
    /// Read by the host after a run.
    case output
    /// Set at preparation, never changed: a backend may keep it in a layout of its own.
    case constant
    /// Set at preparation, read and written by steps and by the host: parameters in training, moments, statistics.
    case state
    /// Lives in the plan's arena between its first and its last use.
    case intermediate
    /// A part of a state, `offset` elements from its start.
    case view(of: ValueID, offset: Int)
}

/// A tensor of a program.
public struct Value: Sendable {
    public var name: String
    public var shape: Shape
    public var storage: Storage
}

/// One operation of a program. Optimisers and batch norm's running statistics update their state outputs in place.
public struct Step: Sendable {
    public var op: Op
    public var inputs: [ValueID]
    public var outputs: [ValueID]
}

/// A straight line of operations with all shapes known: what a backend prepares. It says nothing about devices, layouts
/// or memory.
public struct Program: Sendable {
    public private(set) var values: [Value] = []
    public private(set) var steps: [Step] = []
    /// Contents at the start of constants and states; states without an entry start at zero.
    public private(set) var initialValues: [ValueID: [Float]] = [:]

    public init() {}

    public subscript(id: ValueID) -> Value { values[id.index] }

    public func shape(of id: ValueID) -> Shape { values[id.index].shape }

    /// The first value of that name.
    public func value(named name: String) -> ValueID? {
        values.firstIndex { $0.name == name }.map(ValueID.init)
    }

    /// - Precondition: `initial` has as many elements as `shape`, and a view lies inside its base.
    public mutating func add(
        _ name: String, _ shape: Shape, _ storage: Storage, initial: [Float]? = nil
    ) -> ValueID {
        precondition(
            initial == nil || initial?.count == shape.count, "\(name): initial values of the wrong size")
        if case .view(let base, let offset) = storage {
            precondition(
                offset >= 0 && offset + shape.count <= self.shape(of: base).count,
                "\(name): view outside its base")
        }
        let id = ValueID(values.count)
        values.append(Value(name: name, shape: shape, storage: storage))
        initialValues[id] = initial
        return id
    }

    /// The same program without the contents at the start, for a plan to keep once it has taken them over.
    package func withoutInitialValues() -> Program {
        var program = self
        program.initialValues = [:]
        return program
    }

    public mutating func setStorage(_ storage: Storage, of id: ValueID) { values[id.index].storage = storage }

    /// Appends an operation that writes existing values.
    public mutating func append(_ op: Op, _ inputs: [ValueID], into outputs: [ValueID]) {
        steps.append(Step(op: op, inputs: inputs, outputs: outputs))
    }

    /// Appends a forward operation and new intermediates for its outputs, named after the first.
    public mutating func append(_ op: Op, _ inputs: [ValueID], named name: String) throws(SemblanceError)
        -> [ValueID]
    {
        let shapes = try op.outputShapes(for: inputs.map { shape(of: $0) })
        let outputs = shapes.enumerated().map { index, shape in
            add(index == 0 ? name : "\(name).\(index)", shape, .intermediate)
        }
        append(op, inputs, into: outputs)
        return outputs
    }
}
