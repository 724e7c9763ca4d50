/// Who computes what of a product of rows with panels of outputs. The rows are cut in parts and the panels in slices; each thread takes a slice of a
/// part, and then what others have left. What is computed does not depend on that.
struct PanelSchedule {
    private let rows: Int
    private let panels: Int
    private let chunk: Int
    private var parts = 1
    private var slices = 1

    /// - Parameters:
    ///   - chunk: rows that a thread takes at a time, so that they stay in its cache.
    ///   - reading: what reading weights for the first time costs, in rows' products.
    ///   - preparation: what a row costs before its products, which each slice repeats, in products with a panel: fetching it from another thread's cache
    ///     takes about one.
    init(rows: Int, panels: Int, threads: Int, chunk: Int, reading: Int, preparation: Double) {
        (self.rows, self.panels, self.chunk) = (rows, panels, chunk)
        // In units of a row's product with a panel, which is read again from nearer by.
        func cost(_ slices: Int) -> Double {
            let own = (rows + threads / slices - 1) / (threads / slices)
            let readings = reading + 8 * ((own + chunk - 1) / chunk - 1)
            return preparation * Double(own) + Double((panels + slices - 1) / slices * (own + readings))
        }
        let choices = (1...min(threads, panels)).filter { threads % $0 == 0 }
        slices = choices.min { cost($0) < cost($1) } ?? 1
        // No part of less than a block of the kernel's.
        parts = min(threads / slices, max(rows / 12, 1))
    }

    /// How many run at a time.
    var teams: Int { parts * slices }
    /// The most rows that are taken at a time.
    var largest: Int { min((rows + parts - 1) / parts, chunk) }

    private func range(_ index: Int, of parts: Int, in count: Int) -> Range<Int> {
        count * index / parts..<count * (index + 1) / parts
    }

    /// - Parameters:
    ///   - prepare: is called on each thread when it comes to other rows.
    ///   - multiply: gets those rows and one panel.
    func run(
        prepare: (_ team: Int, _ rows: Range<Int>) -> Void = { _, _ in },
        multiply: (_ team: Int, _ rows: Range<Int>, _ panel: Int) -> Void
    ) {
        func part(_ share: Int) -> Range<Int> { range(share / slices, of: parts, in: rows) }
        func slice(_ share: Int) -> Range<Int> { range(share % slices, of: slices, in: panels) }
        func chunks(_ share: Int) -> Int { (part(share).count + chunk - 1) / chunk }
        withUnsafeTemporaryAllocation(of: Range<Int>.self, capacity: teams) { prepared in
            prepared.initialize(repeating: 0..<0)
            parallel(shares: teams) {
                chunks($0) * slice($0).count
            } body: { team, share, item in
                let (part, panels) = (part(share), slice(share))
                let own = range(item / panels.count, of: chunks(share), in: part.count)
                let rows = part.lowerBound + own.lowerBound..<part.lowerBound + own.upperBound
                if prepared[team] != rows {
                    prepare(team, rows)
                    prepared[team] = rows
                }
                multiply(team, rows, panels.lowerBound + item % panels.count)
            }
        }
    }
}
