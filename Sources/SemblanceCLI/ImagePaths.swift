import Semblance
import SemblanceCore
import SemblanceImaging

/// The image files that operands name: files, the images in folders (and in theirs) in order, and for `-` the lines of standard
/// input. Read as it goes, so that a list may have any length.
struct ImagePaths: Sequence {
    let operands: [String]

    init(operands: [String]) { self.operands = operands }

    /// - Throws: `usage` where there is none.
    init(_ arguments: Arguments, command: String) throws(SemblanceError) {
        operands = arguments.operands
        guard !operands.isEmpty else {
            throw SemblanceError(
                .usage, "\(command) needs an image",
                remedy: "name image files or folders, or - for a list of files on standard input")
        }
        guard operands.count(where: { $0 == "-" }) <= 1 else {
            throw SemblanceError(.usage, "- is given twice", remedy: "standard input can be read once")
        }
    }

    /// Fewer images than a batch need no full one.
    func batch(atMost limit: Int) -> Int {
        operands.contains { $0 == "-" || isFolder($0) } ? limit : Swift.min(operands.count, limit)
    }

    func makeIterator() -> Iterator { Iterator(stack: operands.reversed().map { .named($0) }) }

    struct Iterator: IteratorProtocol {
        enum Item {
            /// As the user wrote it: whatever it is, it is reported.
            case named(String)
            /// Found in a folder: what is no image is passed over.
            case found(String)
            /// The end of a named folder, and how many images had come before it.
            case end(String, Int)
        }

        private var stack: [Item]
        private var count = 0
        private var isReadingInput = false

        init(stack: [Item]) { self.stack = stack }

        mutating func next() -> String? {
            if isReadingInput {
                while let line = readLine() {
                    if !line.isEmpty { return line }
                }
                isReadingInput = false
            }
            while let item = stack.popLast() {
                switch item {
                case .named("-"):
                    isReadingInput = true
                    return next()
                case .end(let path, let before):
                    // A folder without an image comes out by itself: reading it tells that it is no image.
                    if count == before { return path }
                case .named(let path), .found(let path):
                    if isFolder(path) {
                        if case .named = item { stack.append(.end(path, count)) }
                        guard let entries = try? listFolder(path) else { continue }
                        stack += entries.reversed().map { .found("\(path)/\($0)") }
                        continue
                    }
                    if case .found = item, !ImageFormat.isCandidate(path: path) { continue }
                    count += 1
                    return path
                }
            }
            return nil
        }
    }
}
