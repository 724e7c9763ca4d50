import Foundation
import Semblance
import SemblanceCore
import SemblanceTestSupport
import Testing

@Suite struct PairListTests {
    private func list(_ text: String, root: String = "lfw") throws -> PairList {
        try withTemporaryFolder { folder in
            try Data(text.utf8).write(to: URL(filePath: folder + "/pairs.txt"))
            return try PairList(path: folder + "/pairs.txt", root: root)
        }
    }

    @Test(arguments: ["\n", "\r\n"])
    func readsBothKindsOfLines(lineBreak: String) throws {
        let list = try list(
            [
                "2\t1", "Ann\t1\t4", "Bob\t2\tAnn\t1", "", "Bob\t2\t1234567", "Bob\t2\tCy de la Doe\t123\t",
                "",
            ].joined(separator: lineBreak))
        let paths = [
            "lfw/Ann/Ann_0001.jpg", "lfw/Ann/Ann_0004.jpg", "lfw/Bob/Bob_0002.jpg", "lfw/Bob/Bob_1234567.jpg",
            "lfw/Cy de la Doe/Cy de la Doe_0123.jpg",
        ]
        #expect(list.paths == paths)
        #expect(list.pairs.map(\.first) == [0, 2, 2, 2] && list.pairs.map(\.second) == [1, 0, 3, 4])
        #expect(list.pairs.map(\.isGenuine) == [true, false, true, false])
        #expect(list.pairs.map(\.fold) == [0, 0, 1, 1] && list.foldCount == 2 && list.hasOwnFolds)
        #expect(list.pairs.map(\.line) == [2, 3, 5, 6])
    }

    /// Blanks part the fields of a line without tabs; a byte order mark is none of the count.
    @Test func readsListsWithBlanks() throws {
        let list = try list("\u{FEFF}1\nAnn  1 2 \nAnn 1 Bob 3\n")
        #expect(list.paths == ["lfw/Ann/Ann_0001.jpg", "lfw/Ann/Ann_0002.jpg", "lfw/Bob/Bob_0003.jpg"])
    }

    /// A count alone: tenths of each kind's pairs in the file's order, however the kinds are mixed.
    @Test(arguments: [23, 10, 3, 1]) func makesFoldsWhereTheListHasNone(count: Int) throws {
        var lines = (0..<count).map { "P\($0)\t1\t2" }
        let different = (0..<count).map { "P\($0)\t1\tQ\t1" }
        lines = count == 10 ? zip(lines, different).flatMap { [$0, $1] } : lines + different
        let list = try list("\(count)\n" + lines.joined(separator: "\n"))
        let folds = min(10, count)
        #expect(list.foldCount == folds && !list.hasOwnFolds)
        for isGenuine in [true, false] {
            var expected: [Int] = []
            for fold in 0..<folds {
                let (start, end) = (fold * count / folds, (fold + 1) * count / folds)
                expected += [Int](repeating: fold, count: end - start)
            }
            #expect(list.pairs.filter { $0.isGenuine == isGenuine }.map(\.fold) == expected)
        }
    }

    @Test func takesAnotherFormatsEnding() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: folder + "/A", withIntermediateDirectories: true)
            for name in ["A_0001.png", "A_0002.jpg", "A_0002.png"] {
                try Data().write(to: URL(filePath: "\(folder)/A/\(name)"))
            }
            let list = try list("1\nA\t1\t2\nA\t1\tB\t7\n", root: folder)
            #expect(list.paths == ["A/A_0001.png", "A/A_0002.jpg", "B/B_0007.jpg"].map { folder + "/" + $0 })
            let error = #expect(throws: SemblanceError.self) { try list.checkFiles() }
            #expect(error?.code == .invalidInput && error?.message.contains("line 3: there is no") == true)
            #expect(error?.message.contains("B/B_0007.jpg (of 3 photographs 1 are missing)") == true)
        }
    }

    @Test(arguments: [
        ("1\nAnn\t1\t2\nAnn\t1\n", "line 3: 2 fields"),
        ("1\n\nAnn\t1\t2\tBob\t1\n", "line 3: 5 fields"),
        ("1\nAnn\tone\t2\n", "line 2: one is no image number"),
        ("1\nAnn\t1\tBob\t0\n", "line 2: 0 is no image number"),
        ("1\nAnn\t-1\t2\n", "line 2: -1 is no image number"),
        ("1\nAnn\t1\t99999999999999999999\n", "line 2: 99999999999999999999 is no image number"),
        ("1\nAnn\t\t2\n", "line 2:  is no image number"),
        ("1\nAnn\t1\tAnn\t2\n", "line 2: a pair of different people with the one name Ann"),
        ("1\nAnn\t2\t2\n", "line 2: a photograph paired with itself"),
        ("1\n..\t1\t2\n", "line 2: \"..\" is no name"),
        ("1\nAnn\t1\tx/../../y\t2\n", "line 2: \"x/../../y\" is no name"),
        ("Ann\t1\t2\n", "line 1: \"Ann 1 2\" is no count"),
        ("0\nAnn\t1\t2\n", "line 1: \"0\" is no count"), ("-10\t300\n", "line 1: \"-10 300\" is no count"),
        ("1\t1\t1\nAnn\t1\t2\n", "line 1: \"1 1 1\" is no count"),
        (
            "10\t300\nAnn\t1\t2\nAnn\t1\tBob\t2\n",
            "asks for 10 folds of 300 same-person and 300 different-person pairs, and 2 pairs follow"
        ),
        (
            "2\nAnn\t1\t2\nAnn\t1\tBob\t2\n",
            "asks for 2 same-person and 2 different-person pairs, and 2 pairs"
        ),
        ("9223372036854775807\t9\nAnn\t1\t2\n", "and 1 pairs follow"),
        ("4611686018427387904\nAnn\t1\t2\n", "and 1 pairs follow"),
        ("1\nAnn\t1\t2\nAnn\t1\t3\n", "lines 2 to 3, holds 2 same-person and 0 different-person"),
        (
            "2\t1\nAnn\t1\t2\nAnn\t1\tBob\t1\n\nAnn\t1\tBob\t2\nAnn\t1\tBob\t3\n",
            "fold 2, lines 5 to 6, holds 0 same-person and 2 different-person pairs, and the first line asks for 1"
        ),
        ("1\n", "holds no pairs"), ("", "holds no pairs"), ("\n\n", "holds no pairs"),
    ])
    func badLinesAreNamed(text: String, message: String) {
        let error = #expect(throws: SemblanceError.self) { try list(text) }
        #expect(error?.code == .invalidInput)
        #expect(error?.message.contains("pairs.txt") == true)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test func aBinaryFileIsNoList() throws {
        try withTemporaryFolder { folder in
            try Data([0xFF, 0xD8, 0xFF, 10, 0xE0]).write(to: URL(filePath: folder + "/x.jpg"))
            let error = #expect(throws: SemblanceError.self) {
                try PairList(path: folder + "/x.jpg", root: "")
            }
            #expect(error?.message.contains("x.jpg is no text") == true)
        }
    }

    @Test func aMissingFileIsNamed() {
        let error = #expect(throws: SemblanceError.self) {
            try PairList(path: "/missing/pairs.txt", root: "")
        }
        #expect(error?.code == .invalidInput && error?.message.contains("/missing/pairs.txt") == true)
        #expect(error.map { "\($0)".contains("Error Domain") } == false)
    }
}
