import Foundation
import FoundationXML
import Semblance
import SemblanceCore
import SemblanceTestSupport
import Testing

/// What a page says, read by an XML parser, which shares nothing with its writer.
private final class ParsedPage: NSObject, XMLParserDelegate {
    var figures: [(key: String, value: String, text: String)] = []
    var elements: [String: Int] = [:]
    var attributes: [(name: String, value: String)] = []
    var text = ""

    static func parse(_ html: String) throws -> ParsedPage {
        let page = ParsedPage()
        let parser = XMLParser(data: Data(html.utf8))
        parser.delegate = page
        try #require(parser.parse(), "\(String(describing: parser.parserError))")
        return page
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        elements[name, default: 0] += 1
        self.attributes += attributes.map { ($0.key, $0.value) }
        if name == "data" { figures.append((attributes["data-key"] ?? "", attributes["value"] ?? "", "")) }
        isInFigure = name == "data"
    }

    func parser(
        _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
    ) {
        isInFigure = false
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        text += string
        if isInFigure { figures[figures.count - 1].text += string }
    }

    private var isInFigure = false
}

@Suite struct ReportPageTests {
    /// The number at a path such as `tar_at_far.0.tar`.
    private func number(_ key: String, in object: Any) throws -> Double {
        var place = object
        for part in key.split(separator: ".").map(String.init) {
            if let index = Int(part), let list = place as? [Any] {
                try #require(list.indices.contains(index), "\(key)")
                place = list[index]
            } else {
                place = try #require((place as? [String: Any])?[part], "\(key)")
            }
        }
        return try #require(place as? Double, "\(key)")
    }

    private func json(_ value: some Encodable) throws -> Any {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return try JSONSerialization.jsonObject(with: encoder.encode(value))
    }

    /// Every figure of the page is the JSON's number at its key, and reads as that number.
    private func expectSame(_ page: ParsedPage, _ object: Any) throws {
        for figure in page.figures {
            let value = try number(figure.key, in: object)
            // JSONSerialization is not exact in the last place.
            let told = try #require(Double(figure.value))
            #expect(abs(told - value) <= 1e-14 * max(abs(value), 1), "\(figure.key)")
            let read = try #require(Double(figure.text.replacing("\u{A0}%", with: "")))
            let scale = figure.text.hasSuffix("%") ? 100.0 : 1
            #expect(abs(read - value * scale) <= 0.00501, "\(figure.key): \(figure.text)")
        }
    }

    private func verification(folds: Int, each: Int, missing: Int? = nil) throws -> VerificationReport {
        var random = RandomSource(seed: freshSeed("page"))
        let pairs = (0..<folds * each * 2).map { index -> (isGenuine: Bool, score: Float?) in
            let isGenuine = index % (2 * each) < each
            let score = min(max((isGenuine ? 0.6 : 0.1) + 0.2 * random.normal(), -1), 1)
            return (isGenuine, index == missing ? nil : score)
        }
        return try VerificationReport(
            scoredList(header: "\(folds)\t\(each)", pairs), thresholds: [("<given> & \"taken\"", 0.363)])
    }

    @Test func verificationSaysWhatTheJSONSays() throws {
        let report = try verification(folds: 10, each: 60, missing: 5)
        let page = try ParsedPage.parse(Page(title: "T", origin: [], sections: report.sections).html)
        try expectSame(page, json(report))
        let keys = Set(page.figures.map(\.key))
        for key in [
            "accuracy.mean", "accuracy.deviation", "accuracy.standard_error", "accuracy.interval.low", "auc",
            "eer",
            "pairs.scored", "pairs.no_face", "pairs.failed", "best.accuracy", "thresholds.0.accuracy",
            "thresholds.0.tar", "thresholds.0.far", "tar_at_far.0.tar", "tar_at_far.0.interval.high",
            "tar_at_far.2.needs", "accuracy.folds.9.threshold",
        ] {
            #expect(keys.contains(key), "\(key)")
        }
        #expect(page.elements["svg"] == 3 && page.elements["polyline"] == 2 && page.elements["polygon"] == 2)
        #expect(page.text.contains("<given> & \"taken\""))
        #expect(page.text.contains("withheld: needs 1000 impostor pairs, has 600"))
        // The table on a terminal is made of the same rows.
        #expect(ReportRow.table(report.rows).contains("withheld: needs 1000 impostor pairs, has 600"))
    }

    @Test func aListWithoutFoldsOrImpostorsStillMakesAPage() throws {
        let report = try verification(folds: 1, each: 1, missing: 1)
        let page = try ParsedPage.parse(Page(title: "T", origin: [], sections: report.sections).html)
        try expectSame(page, json(report))
        #expect(page.text.contains("withheld: a single fold"))
    }

    @Test func identificationSaysWhatTheJSONSays() throws {
        var random = RandomSource(seed: freshSeed("page"))
        var vectors: [String: [Float]] = ["probe/p0/9.png": []]
        for person in 0..<12 {
            for (folder, name) in [("gallery", "p"), ("probe", "p"), ("unknown", "u")] {
                let angle = random.uniform(0...6)
                vectors["\(folder)/\(name)\(person)/1.png"] = [cos(angle), sin(angle)]
            }
        }
        let report = try FaceTree.with(vectors) { tree in
            let folders = try ["gallery", "probe", "unknown"].map {
                try FaceFolder(root: tree.folder + "/" + $0)
            }
            let set = try IdentificationSet(gallery: folders[0], probe: folders[1], unknown: folders[2])
            return try IdentificationReport(set) { try tree.outcomes($0) }
        }
        let page = try ParsedPage.parse(Page(title: "T", origin: [], sections: report.sections).html)
        try expectSame(page, json(report))
        let keys = Set(page.figures.map(\.key))
        for key in ["rank1.rate", "cmc.4", "tpir_at_fpir.0.tpir", "tpir_at_fpir.1.needs", "probes.no_face"] {
            #expect(keys.contains(key), "\(key)")
        }
        #expect(page.elements["svg"] == 2 && page.elements["polyline"] == 2)
    }

    @Test func isSelfContainedAndEscapesNames() throws {
        let evil = "</title><script>alert(1)</script>&amp;\u{0}\u{1B}\"'é𝄞"
        let page = Page(
            title: evil, origin: [ReportRow(evil, "\(evil)")],
            sections: [
                Page.Section(
                    evil,
                    [
                        .image([1, 2, 250], mediaType: "image/png", width: 3, height: 4, alternative: evil),
                        .table(columns: [evil], [[.text(evil)]]), .figure(.text(evil), caption: evil),
                    ])
            ])
        let parsed = try ParsedPage.parse(page.html)
        let told = evil.replacing("\u{0}", with: "\u{FFFD}").replacing("\u{1B}", with: "\u{FFFD}")
        #expect(parsed.text.components(separatedBy: told).count == 1 + 9)
        #expect(parsed.elements["script"] == nil && parsed.elements["link"] == nil)
        #expect(parsed.attributes.contains { $0.name == "src" && $0.value == "data:image/png;base64,AQL6" })
        #expect(parsed.attributes.contains { $0.name == "alt" && $0.value == told })
        // Nothing is fetched from elsewhere.
        for attribute in parsed.attributes where ["src", "href"].contains(attribute.name) {
            #expect(attribute.value.hasPrefix("data:"))
        }
        #expect(!page.html.contains("url(") && !page.html.contains("@import"))
        #expect(page.html.contains("prefers-color-scheme: dark") && page.html.hasPrefix("<!DOCTYPE html>"))
    }
}

@Suite struct ChartTests {
    @Test func axesPlaceValues() {
        let linear = Chart.Axis.linear("x", -1, 3)
        #expect(linear.share(-1) == 0 && linear.share(1) == 0.5 && linear.share(3) == 1)
        #expect(linear.share(-9) == 0 && linear.share(9) == 1)
        let rates = Chart.Axis.logarithmic("FAR", decades: 4)
        #expect(abs(rates.share(0.01) - 0.5) < 1e-12 && rates.share(1) == 1)
        // No false accept at all: at the edge.
        #expect(rates.share(0) == 0 && abs(rates.share(1e-4)) < 1e-12)
    }

    /// The frame reaches from (64, 350) to (624, 34).
    @Test func pointsAreWhereTheyBelong() throws {
        let chart = Chart(
            title: "t", x: .linear("x", 0, 1), y: .linear("y", 0, 1),
            series: [
                Chart.Series("up", .line, [(0, 0), (0.5, 0.25), (1, 1)]),
                Chart.Series("bars", .area, [(0, 1), (1, 1)]), Chart.Series("none", .line, []),
            ])
        let page = try ParsedPage.parse(chart.markup.source)
        let points = page.attributes.filter { $0.name == "points" }.map(\.value)
        #expect(
            points == [
                "64.00,350.00 344.00,271.00 624.00,34.00",
                "64.00,350.00 64.00,34.00 624.00,34.00 624.00,350.00",
            ])
        for name in ["up", "bars", "none", "x", "y", "0.2", "0.8"] { #expect(page.text.contains(name)) }
    }
}
