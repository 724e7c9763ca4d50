import SemblanceTestSupport
import Testing

/// How much rounding error Winograd's transforms add, derived from their matrices in double precision: what the tolerance is made of.
@Suite struct WinogradTests {
    /// A 1-D algorithm F(m, 3): y = A^T [(G g) . (B^T d)].
    private struct Transform {
        var outputs: [[Double]]
        var filters: [[Double]]
        var inputs: [[Double]]

        /// Toom's and Cook's construction: polynomials are multiplied by their values at points and at infinity, and transposed.
        init(points: [Double], outputs count: Int) {
            let last = points.count
            outputs = (0..<count).map { row in
                points.map { point in (0..<row).reduce(1) { power, _ in power * point } }
                    + [row == count - 1 ? 1 : 0]
            }
            filters = []
            inputs = []
            for (index, point) in points.enumerated() {
                var scale = 1.0, polynomial = [1.0]
                for (other, root) in points.enumerated() where other != index {
                    scale *= point - root
                    polynomial = Self.multiply(polynomial, root: root)
                }
                filters.append([1 / scale, point / scale, point * point / scale])
                inputs.append(polynomial + [0])
            }
            filters.append([0, 0, 1])
            inputs.append(points.reduce([1.0]) { Self.multiply($0, root: $1) })
            precondition(inputs.allSatisfy { $0.count == last + 1 })
        }

        /// polynomial (x - root), the lowest power first.
        private static func multiply(_ polynomial: [Double], root: Double) -> [Double] {
            var product = [0.0] + polynomial
            for (power, factor) in polynomial.enumerated() { product[power] -= root * factor }
            return product
        }

        func apply(filter: [Double], to data: [Double]) -> [Double] {
            func times(_ matrix: [[Double]], _ vector: [Double]) -> [Double] {
                matrix.map { row in zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 } }
            }
            return times(outputs, zip(times(filters, filter), times(inputs, data)).map { $0 * $1 })
        }

        /// See `Tolerances.winograd`.
        var errorGrowth: Double {
            func norm(_ row: [Double]) -> Double { row.reduce(0) { $0 + $1 * $1 } }
            let sums = outputs.map { row in
                row.indices.reduce(0) { $0 + row[$1] * row[$1] * norm(filters[$1]) * norm(inputs[$1]) }
            }
            return sums.reduce(0, +) / Double(3 * sums.count)
        }
    }

    /// The points of winograd.cl.
    @Test(arguments: [(2, [0, 1, -1]), (4, [0, 0.625, -0.625, 1.5, -1.5])])
    func toleranceFollowsFromTheMatrices(outputs: Int, points: [Double]) {
        let transform = Transform(points: points, outputs: outputs)
        let filter = (0..<3).map { _ in Double.random(in: -1...1) }
        let data = (0..<outputs + 2).map { _ in Double.random(in: -1...1) }
        let direct = (0..<outputs).map { i in (0..<3).reduce(0) { $0 + filter[$1] * data[i + $1] } }
        for (a, b) in zip(transform.apply(filter: filter, to: data), direct) { #expect(abs(a - b) < 1e-12) }

        let growth = Tolerances.winograd(outputs: outputs, terms: 1) / 4e-7
        #expect(abs(transform.errorGrowth - growth) < 0.01)
        // The usual points are worse for larger tiles.
        let usual = Transform(points: [0, 1, -1, 2, -2], outputs: 4)
        if outputs == 4 { #expect(transform.errorGrowth < 0.5 * usual.errorGrowth) }
    }
}
