import SemblanceCore

extension Lowering {
    func producer(of value: ValueID) -> Step? { writers[value] }
    func readers(of value: ValueID) -> [Step] { readers[value] ?? [] }

    /// The step as a product of bytes, where it is one and the processor has the instructions.
    func integerProduct(_ step: Step) -> IntegerProduct? {
        guard usesIntegers, let output = step.outputs.first else { return nil }
        if let known = integerProducts[output] { return known }
        let product = IntegerProduct(step, in: self)
        integerProducts[output] = .some(product)
        return product
    }

    func setLevels(of value: ValueID, _ place: Located) { levels[value] = place }

    /// Lowers a product of bytes; false for a step that is none.
    func lowerIntegers(_ step: Step) throws(SemblanceError) -> Bool {
        guard let product = integerProduct(step), let levels = levels[step.inputs[0]] else { return false }
        try product.lower(step, levels: levels, self)
        return true
    }
}
