import SemblanceCore

/// A plan that compares a batch of probes with chunks of faces on a device: `Op.topScores` for each chunk, whose few results are merged here. All
/// searches go through it: one chunk that is filled again and again, or as many as hold everybody.
final class FaceComparison {
    /// The values of a chunk, and whose faces it holds at the moment.
    private struct Chunk {
        let faces: ValueID
        let groups: ValueID
        let scores: ValueID
        let places: ValueID
        var keys: [Int64] = []
        var people: [Int64] = []
    }

    let batch: Int
    let count: Int
    private let dimension: Int
    private let capacity: Int
    private let plan: any Plan
    private let queries: ValueID
    private var chunks: [Chunk] = []
    private var groupBuffer: [Float]
    private var queryBuffer: [Float]
    private var scoreBuffer: [Float]
    private var placeBuffer: [Float]

    /// - Parameters:
    ///   - batch: probes compared at once.
    ///   - count: people found for each.
    ///   - capacity: faces of a chunk.
    /// - Throws: what preparing the plan throws.
    init(
        dimension: Int, batch: Int, count: Int, chunks chunkCount: Int, capacity: Int, on backend: any Backend
    ) throws(SemblanceError) {
        self.batch = batch
        self.count = count
        self.dimension = dimension
        self.capacity = capacity
        var program = Program()
        queries = program.add("queries", [batch, dimension], .input)
        for index in 0..<chunkCount {
            let chunk = Chunk(
                faces: program.add("faces \(index)", [capacity, dimension], .state),
                groups: program.add("groups \(index)", [capacity], .state),
                scores: program.add("scores \(index)", [batch, count], .output),
                places: program.add("places \(index)", [batch, count], .output))
            program.append(
                .topScores(count: count), [queries, chunk.faces, chunk.groups],
                into: [chunk.scores, chunk.places])
            chunks.append(chunk)
        }
        plan = try backend.prepare(program, options: PlanOptions())
        groupBuffer = [Float](repeating: -1, count: capacity)
        queryBuffer = [Float](repeating: 0, count: batch * dimension)
        scoreBuffer = [Float](repeating: 0, count: batch * count)
        placeBuffer = scoreBuffer
        for chunk in chunks { try plan.write(groupBuffer, to: chunk.groups) }
    }

    /// Puts the faces of a tile of the same capacity into a chunk.
    func load(_ tile: FaceTile, into index: Int) throws(SemblanceError) {
        chunks[index].keys = Array(tile.faces[..<tile.count])
        chunks[index].people = Array(tile.people[..<tile.count])
        // People are numbered within the chunk, as floats hold no large keys.
        var numbers: [Int64: Float] = [:]
        var last: (person: Int64, number: Float)?
        for row in 0..<capacity {
            guard row < tile.count else {
                groupBuffer[row] = -1
                continue
            }
            let person = tile.people[row]
            if let last, last.person == person {
                groupBuffer[row] = last.number
                continue
            }
            let number = numbers[person] ?? Float(numbers.count)
            numbers[person] = number
            groupBuffer[row] = number
            last = (person, number)
        }
        try plan.write(groupBuffer, to: chunks[index].groups)
        try plan.write(UnsafeBufferPointer(tile.vectors), to: chunks[index].faces)
    }

    /// Compares probes, as many as a batch at most, with all chunks.
    func compare(_ probes: ArraySlice<[Float]>, into nearest: inout [NearestPeople]) throws(SemblanceError) {
        for (row, probe) in probes.enumerated() {
            queryBuffer.replaceSubrange(row * dimension..<(row + 1) * dimension, with: probe)
        }
        try plan.write(queryBuffer, to: queries)
        try plan.run()
        for chunk in chunks {
            try read(chunk.scores, into: &scoreBuffer)
            try read(chunk.places, into: &placeBuffer)
            for (row, index) in probes.indices.enumerated() {
                for rank in row * count..<(row + 1) * count {
                    let place = Int(placeBuffer[rank])
                    guard place >= 0, place < chunk.keys.count else { break }
                    nearest[index].merge(
                        FaceHit(
                            face: chunk.keys[place], person: chunk.people[place], score: scoreBuffer[rank]))
                }
            }
        }
    }

    private func read(_ value: ValueID, into buffer: inout [Float]) throws(SemblanceError) {
        try buffer.withUnsafeMutableBufferPointer { (buffer) throws(SemblanceError) in
            try plan.read(value, into: buffer)
        }
    }
}
