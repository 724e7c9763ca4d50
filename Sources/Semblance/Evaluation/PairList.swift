import Foundation
import SemblanceCore
import SemblanceImaging

/// Pairs of photographs, of the same person or of different people, in the folds over which an accuracy is averaged: LFW's
/// pairs.txt (Huang, Ramesh, Berg and Learned-Miller, 2007).
public struct PairList: Sendable {
    public struct Pair: Sendable, Hashable {
        /// Positions in `paths`.
        public var first: Int
        public var second: Int
        public var isGenuine: Bool
        public var fold: Int
        /// In the file, from 1.
        public var line: Int
    }

    /// Files, each once.
    public private(set) var paths: [String] = []
    /// In the file's order.
    public private(set) var pairs: [Pair] = []
    public private(set) var peopleCount = 0
    public private(set) var foldCount = 1
    /// Whether the file itself says what the folds are.
    public private(set) var hasOwnFolds = false
    /// The file that the list was read from.
    public let name: String

    /// Folds of a list that has none of its own.
    package static let usualFoldCount = 10

    /// Reads a list whose first line is `folds n` (for each fold n pairs of the same person, then n of different people) or `n`
    /// alone (n and n). The latter's folds are contiguous tenths of its same-person pairs and of its different-person pairs:
    /// the list goes by name, so most of somebody's pairs share a fold. Lines are `name i j` for the same person and
    /// `name i name j` for different ones, apart by tabs; by any blanks in lines without a tab.
    /// - Parameter root: photographs are `root/Name/Name_0001.jpg`; where there is no such file, another format's ending is tried.
    /// - Throws: `invalidInput` naming the file and the line.
    public init(path: String, root: String) throws(SemblanceError) {
        name = path
        guard let text = String(validating: try readFile(path, limit: 1 << 30), as: UTF8.self) else {
            throw SemblanceError(
                .invalidInput, "\(path) is no text (UTF-8)",
                remedy: "give a list in the form of LFW's pairs.txt")
        }
        var lines: [(number: Int, fields: [String])] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            let fields = Self.fields(of: index == 0 && line.hasPrefix("\u{FEFF}") ? line.dropFirst() : line)
            if !fields.isEmpty { lines.append((index + 1, fields)) }
        }
        guard let header = lines.first else {
            throw SemblanceError(
                .invalidInput, "\(path) holds no pairs", remedy: "give a list in the form of LFW's pairs.txt")
        }
        let size = try Self.size(header, path)
        var places: [String: Int] = [:]
        var people: Set<String> = []
        for line in lines.dropFirst() {
            let ends = try Self.images(line, path)
            var pair = Pair(
                first: 0, second: 0, isGenuine: line.fields.count == 3, fold: 0, line: line.number)
            func place(_ end: (name: String, number: Int)) -> Int {
                let key = "\(end.name)\t\(end.number)"
                if let known = places[key] { return known }
                places[key] = paths.count
                paths.append(Self.file(end.name, end.number, root))
                return paths.count - 1
            }
            people.formUnion(ends.map(\.name))
            pair.first = place(ends[0])
            pair.second = place(ends[1])
            pairs.append(pair)
        }
        peopleCount = people.count
        try setFolds(size)
    }

    // MARK: Lines

    private static func fields(of line: Substring) -> [String] {
        let trimmed = line.trimmingCharacters(in: .whitespaces)
        guard trimmed.contains("\t") else {
            return trimmed.split(whereSeparator: \.isWhitespace).map(String.init)
        }
        return trimmed.split(separator: "\t", omittingEmptySubsequences: false).map {
            $0.trimmingCharacters(in: .whitespaces)
        }
    }

    private struct Size {
        /// Nil where the first line gives only the pairs of each kind.
        var folds: Int?
        var pairs: Int
    }

    private static func size(_ header: (number: Int, fields: [String]), _ path: String) throws(SemblanceError)
        -> Size
    {
        let numbers = header.fields.compactMap(Int.init)
        guard numbers.count == header.fields.count, (1...2).contains(numbers.count),
            numbers.allSatisfy({ $0 > 0 })
        else {
            throw SemblanceError(
                .invalidInput,
                "\(path), line \(header.number): \"\(header.fields.joined(separator: " ").prefix(60))\" is no count of pairs",
                remedy:
                    "the first line is the number of folds and of pairs of each kind in each, or that of pairs alone"
            )
        }
        return numbers.count == 2
            ? Size(folds: numbers[0], pairs: numbers[1]) : Size(folds: nil, pairs: numbers[0])
    }

    private static func images(_ line: (number: Int, fields: [String]), _ path: String) throws(SemblanceError)
        -> [(name: String, number: Int)]
    {
        func refuse(_ reason: String, _ remedy: String) -> SemblanceError {
            SemblanceError(.invalidInput, "\(path), line \(line.number): \(reason)", remedy: remedy)
        }
        let fields = line.fields
        let ends: [(String, String)]
        switch fields.count {
        case 3: ends = [(fields[0], fields[1]), (fields[0], fields[2])]
        case 4: ends = [(fields[0], fields[1]), (fields[2], fields[3])]
        default:
            throw refuse(
                "\(fields.count) fields",
                "a line is a name and two numbers, or a name, a number, a name and a number")
        }
        var images: [(name: String, number: Int)] = []
        for (name, text) in ends {
            guard let number = Int(text), (1...999_999_999).contains(number) else {
                throw refuse("\(text) is no image number", "images are numbered from 1")
            }
            guard !name.isEmpty, name != ".", name != "..", !name.contains(where: { $0 == "/" || $0 == "\0" })
            else {
                throw refuse("\"\(name)\" is no name", "a name is that of a folder of the images")
            }
            images.append((name, number))
        }
        guard fields.count == 3 || fields[0] != fields[2] else {
            throw refuse(
                "a pair of different people with the one name \(fields[0])",
                "write a name once for the same person")
        }
        guard fields.count == 4 || images[0].number != images[1].number else {
            throw refuse("a photograph paired with itself", "a pair is of two photographs")
        }
        return images
    }

    private static func file(_ name: String, _ number: Int, _ root: String) -> String {
        let digits = String(number)
        let stem =
            "\(root)/\(name)/\(name)_\(String(repeating: "0", count: max(4 - digits.count, 0)))\(digits)"
        let endings = [".jpg", ".png", ".jpeg", ".pgm", ".ppm"]
        return stem + (endings.first { FileManager.default.fileExists(atPath: stem + $0) } ?? ".jpg")
    }

    // MARK: Folds

    private mutating func setFolds(_ size: Size) throws(SemblanceError) {
        func refuse(_ reason: String) -> SemblanceError {
            SemblanceError(
                .invalidInput, "\(name): \(reason)",
                remedy: "the list is cut short or its first line is wrong: get it again")
        }
        guard !pairs.isEmpty else {
            throw SemblanceError(
                .invalidInput, "\(name) holds no pairs", remedy: "give a list in the form of LFW's pairs.txt")
        }
        let folds = size.folds ?? 1
        let (perFold, isHuge) = size.pairs.multipliedReportingOverflow(by: 2)
        let (total, isHuger) = perFold.multipliedReportingOverflow(by: folds)
        guard !isHuge, !isHuger, total == pairs.count else {
            let asked =
                size.folds.map {
                    "\($0) folds of \(size.pairs) same-person and \(size.pairs) different-person pairs"
                }
                ?? "\(size.pairs) same-person and \(size.pairs) different-person pairs"
            throw refuse("the first line asks for \(asked), and \(pairs.count) pairs follow")
        }
        for fold in 0..<folds {
            let part = pairs[fold * perFold..<(fold + 1) * perFold]
            let genuine = part.count(where: \.isGenuine)
            guard genuine == size.pairs else {
                let place = size.folds == nil ? "" : "fold \(fold + 1), "
                throw refuse(
                    """
                    \(place)lines \(pairs[part.startIndex].line) to \(pairs[part.endIndex - 1].line), holds \(genuine) same-person \
                    and \(perFold - genuine) different-person pairs, and the first line asks for \(size.pairs) of each
                    """)
            }
        }
        if let folds = size.folds {
            (foldCount, hasOwnFolds) = (folds, true)
            for index in pairs.indices { pairs[index].fold = index / perFold }
            return
        }
        foldCount = min(Self.usualFoldCount, size.pairs)
        var seen = [true: 0, false: 0]
        for index in pairs.indices {
            let place = seen[pairs[index].isGenuine, default: 0]
            seen[pairs[index].isGenuine] = place + 1
            // Fold k of n pairs is those from k n / folds to (k + 1) n / folds.
            pairs[index].fold = ((place + 1) * foldCount - 1) / size.pairs
        }
    }

    /// Finds out before long work whether the photographs are there.
    /// - Throws: `invalidInput` naming the first that is not, and its line.
    public func checkFiles() throws(SemblanceError) {
        let missing = Set(paths.indices.filter { !FileManager.default.fileExists(atPath: paths[$0]) })
        for pair in pairs {
            guard let place = [pair.first, pair.second].first(where: missing.contains) else { continue }
            throw SemblanceError(
                .invalidInput,
                "\(name), line \(pair.line): there is no \(paths[place]) (of \(paths.count) photographs \(missing.count) are missing)",
                remedy: "check the folder of images: it holds Name/Name_0001.jpg")
        }
    }
}
