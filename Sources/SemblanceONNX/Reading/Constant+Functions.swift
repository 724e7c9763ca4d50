import Glibc
import SemblanceCore

/// A function of two numbers that acts element by element.
struct BinaryFunction: Sendable {
    /// What happens to the batch size, which no one knows when the model is read.
    enum OpenRule {
        case refused
        /// It stays what it is with these numbers on its left or on its right.
        case neutral(left: Int?, right: Int?)
        /// It equals itself and nothing below 1.
        case equality
    }

    var floats: @Sendable (Float, Float) -> Float
    /// Nil where the result is out of range.
    var integers: @Sendable (Int, Int) -> Int?
    /// Whether the result is a truth value.
    var isPredicate = false
    var openRule = OpenRule.refused

    /// By the names of ONNX's operators.
    static let named: [String: BinaryFunction] = [
        "Add": BinaryFunction(
            floats: { $0 + $1 }, integers: { inRange($0.addingReportingOverflow($1)) },
            openRule: .neutral(left: 0, right: 0)),
        "Sub": BinaryFunction(
            floats: { $0 - $1 }, integers: { inRange($0.subtractingReportingOverflow($1)) },
            openRule: .neutral(left: nil, right: 0)),
        "Mul": BinaryFunction(
            floats: { $0 * $1 }, integers: { inRange($0.multipliedReportingOverflow(by: $1)) },
            openRule: .neutral(left: 1, right: 1)),
        "Div": BinaryFunction(
            floats: { $0 / $1 }, integers: { inRange($0.dividedReportingOverflow(by: $1)) },
            openRule: .neutral(left: nil, right: 1)),
        "Mod": BinaryFunction(floats: { $0 - $1 * ($0 / $1).rounded(.down) }, integers: modulo),
        "Pow": BinaryFunction(
            floats: { powf($0, $1) }, integers: { Int(exactly: pow(Double($0), Double($1)).rounded()) }),
        "Min": BinaryFunction(floats: { min($0, $1) }, integers: { min($0, $1) }),
        "Max": BinaryFunction(floats: { max($0, $1) }, integers: { max($0, $1) }),
        "Equal": predicate({ $0 == $1 }, { $0 == $1 }, .equality),
        "Less": predicate({ $0 < $1 }, { $0 < $1 }),
        "Greater": predicate({ $0 > $1 }, { $0 > $1 }),
        "LessOrEqual": predicate({ $0 <= $1 }, { $0 <= $1 }),
        "GreaterOrEqual": predicate({ $0 >= $1 }, { $0 >= $1 }),
        "And": predicate({ $0 != 0 && $1 != 0 }, { $0 != 0 && $1 != 0 }),
        "Or": predicate({ $0 != 0 || $1 != 0 }, { $0 != 0 || $1 != 0 }),
    ]

    private static func predicate(
        _ floats: @escaping @Sendable (Float, Float) -> Bool,
        _ integers: @escaping @Sendable (Int, Int) -> Bool, _ openRule: OpenRule = .refused
    ) -> BinaryFunction {
        BinaryFunction(
            floats: { floats($0, $1) ? 1 : 0 }, integers: { integers($0, $1) ? 1 : 0 }, isPredicate: true,
            openRule: openRule)
    }

    private static func inRange(_ result: (partialValue: Int, overflow: Bool)) -> Int? {
        result.overflow ? nil : result.partialValue
    }

    /// With the divisor's sign.
    @Sendable private static func modulo(_ a: Int, _ b: Int) -> Int? {
        let (rest, overflow) = a.remainderReportingOverflow(dividingBy: b)
        guard !overflow else { return nil }
        return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
    }

    /// Element by element of two lists of one length.
    func callAsFunction(_ a: Constant.Elements, _ b: Constant.Elements) throws(SemblanceError)
        -> Constant.Elements
    {
        if case (.integers(let a), .integers(let b)) = (a, b) {
            return .integers(try zipped(a, b, integer))
        }
        if let a = a.sizes, let b = b.sizes { return .init(try zipped(a, b, size)) }
        let results = zip(a.floats, b.floats).map(floats)
        return isPredicate ? .integers(results.map { Int($0) }) : .floats(results)
    }

    private func zipped<Element>(
        _ a: [Element], _ b: [Element], _ function: (Element, Element) throws(SemblanceError) -> Element
    ) throws(SemblanceError) -> [Element] {
        var result: [Element] = []
        result.reserveCapacity(a.count)
        for (a, b) in zip(a, b) { result.append(try function(a, b)) }
        return result
    }

    private func integer(_ a: Int, _ b: Int) throws(SemblanceError) -> Int {
        guard let result = integers(a, b) else {
            throw SemblanceError(.invalidModel, "\(a) and \(b) are out of range")
        }
        return result
    }

    private func size(_ a: Int?, _ b: Int?) throws(SemblanceError) -> Int? {
        switch (a, b, openRule) {
        case (let a?, let b?, _): return try integer(a, b)
        case (let known?, nil, .neutral(let left, _)) where known == left: return nil
        case (nil, let known?, .neutral(_, let right)) where known == right: return nil
        case (nil, nil, .equality): return 1
        case (nil, let other?, .equality) where other < 1: return 0
        case (let other?, nil, .equality) where other < 1: return 0
        default: throw SemblanceError(.unsupportedOperation, "arithmetic on the batch size")
        }
    }
}

/// Functions of one number, by the names of ONNX's operators.
enum UnaryFunction {
    static let named: [String: @Sendable (Float) -> Float] = [
        "Abs": { abs($0) },
        "Ceil": { $0.rounded(.up) },
        "Exp": { expf($0) },
        "Floor": { $0.rounded(.down) },
        "Log": { logf($0) },
        "Neg": { -$0 },
        "Reciprocal": { 1 / $0 },
        "Relu": { max($0, 0) },
        "Round": { $0.rounded(.toNearestOrEven) },
        "Sigmoid": { 1 / (1 + expf(-$0)) },
        "Sqrt": { $0.squareRoot() },
        "Tanh": { tanhf($0) },
    ]
}

/// How a reduction gathers numbers; sums are taken in double precision.
struct Reduction: Sendable {
    var start: Double
    var gather: @Sendable (Double, Double) -> Double
    /// Of what was gathered and the number of elements.
    var finish: @Sendable (Double, Int) -> Double = { result, _ in result }

    /// By the names of ONNX's operators.
    static let named: [String: Reduction] = [
        "ReduceL1": Reduction(start: 0) { $0 + abs($1) },
        "ReduceL2": Reduction(start: 0, gather: { $0 + $1 * $1 }, finish: { sum, _ in sum.squareRoot() }),
        "ReduceMax": Reduction(start: -.infinity) { max($0, $1) },
        "ReduceMean": Reduction(start: 0, gather: { $0 + $1 }, finish: { $0 / Double($1) }),
        "ReduceMin": Reduction(start: .infinity) { min($0, $1) },
        "ReduceProd": Reduction(start: 1) { $0 * $1 },
        "ReduceSum": Reduction(start: 0) { $0 + $1 },
        "ReduceSumSquare": Reduction(start: 0) { $0 + $1 * $1 },
    ]
}
