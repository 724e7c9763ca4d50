/// Offsets in one block of memory for values with lifetimes: values that live at the same time never overlap.
///
/// Greedy by size: the largest first, each at the lowest offset that is free during its life (Pisarchyk and Lee, 2020).
public struct ArenaLayout: Sendable {
    /// A value's size in bytes and the first and last step that use it.
    public struct Request: Sendable {
        public var size: Int
        public var first: Int
        public var last: Int

        public init(size: Int, first: Int, last: Int) {
            self.size = size
            self.first = first
            self.last = last
        }
    }

    /// Bytes, in the order of the requests.
    public let offsets: [Int]
    public let size: Int

    public init(_ requests: [Request], alignment: Int) {
        func rounded(_ size: Int) -> Int { (size + alignment - 1) / alignment * alignment }
        var offsets = [Int](repeating: 0, count: requests.count)
        var placed: [Int] = []  // sorted by offset
        var end = 0
        for index in requests.indices.sorted(by: { (requests[$1].size, $0) < (requests[$0].size, $1) }) {
            let request = requests[index]
            let size = rounded(request.size)
            var offset = 0
            for other in placed {
                let lifetime = requests[other]
                guard lifetime.first <= request.last, request.first <= lifetime.last else { continue }
                if offset + size <= offsets[other] { break }
                offset = max(offset, offsets[other] + rounded(lifetime.size))
            }
            offsets[index] = offset
            let position = placed.firstIndex { offsets[$0] > offset } ?? placed.endIndex
            placed.insert(index, at: position)
            end = max(end, offset + size)
        }
        self.offsets = offsets
        size = end
    }
}
