import Foundation
import SemblanceCore

/// One self-contained HTML file: no script, nothing from elsewhere, readable in light and in dark.
package struct Page: Sendable {
    package struct Section: Sendable {
        var title: String
        var content: [Markup]

        package init(_ title: String, _ content: [Markup]) {
            self.title = title
            self.content = content
        }
    }

    package var title: String
    /// What was measured, with what.
    package var origin: [ReportRow]
    package var sections: [Section]

    package init(title: String, origin: [ReportRow], sections: [Section]) {
        self.title = title
        self.origin = origin
        self.sections = sections
    }

    package var html: String {
        let head = Markup.element(
            "head",
            content: [
                .element("meta", ["charset": "utf-8"]),
                .element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
                .element("meta", ["name": "color-scheme", "content": "light dark"]),
                .element("title", [:], title),
                .element("style", [:], Self.style),
            ])
        let body = Markup.element(
            "body",
            content: [.element("h1", [:], title), .table(origin)]
                + sections.map {
                    .element("section", content: [.element("h2", [:], $0.title)] + $0.content)
                })
        return "<!DOCTYPE html>\n" + Markup.element("html", ["lang": "en"], [head, body]).source + "\n"
    }

    /// - Throws: `outputUnwritable` naming the file; an old file stays then.
    package func write(to path: String) throws(SemblanceError) {
        try writeAtomically(Array(html.utf8), to: path)
    }

    /// Without characters that HTML would have escaped.
    private static let style = """
        :root { --ink: #1d2329; --paper: #fff; --faint: #5c6670; --rule: #d5dade; --a: #0b62a8; --b: #c2410c; --c: #3f7d20; }
        @media (prefers-color-scheme: dark) {
        :root { --ink: #e4e8eb; --paper: #15191c; --faint: #9aa5ae; --rule: #3a4249; --a: #6cb4f0; --b: #f59a62; --c: #93c572; }
        }
        body { color: var(--ink); background: var(--paper); font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
        h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
        table { border-collapse: collapse; } th, td { text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0; border-bottom: 1px solid var(--rule); overflow-wrap: anywhere; }
        th { font-weight: 600; white-space: nowrap; }
        figure { margin: 1rem 0; } figcaption, .note { color: var(--faint); font-size: .9rem; }
        svg { width: 100%; max-width: 44rem; height: auto; } svg text { fill: var(--ink); font: 12px system-ui, sans-serif; }
        .frame { fill: none; stroke: var(--faint); } .grid { stroke: var(--rule); } .line { fill: none; stroke-width: 2; }
        .a { stroke: var(--a); } .b { stroke: var(--b); } .c { stroke: var(--c); }
        .area { fill-opacity: .25; stroke-width: 1.5; } .area.a { fill: var(--a); } .area.b { fill: var(--b); } .area.c { fill: var(--c); }
        """
}

extension Markup {
    package static func element(_ name: String, content: [Markup]) -> Markup { element(name, [:], content) }

    /// A paragraph beside the figures.
    package static func note(_ text: String) -> Markup { element("p", ["class": "note"], text) }

    /// Labelled lines.
    package static func table(_ rows: [ReportRow]) -> Markup {
        element(
            "table",
            content: [
                element(
                    "tbody",
                    content: rows.map { row in
                        element(
                            "tr",
                            content: [
                                element("th", ["scope": "row"], row.label),
                                element("td", content: [row.text.markup]),
                            ])
                    })
            ])
    }

    /// Columns with a heading each.
    package static func table(columns: [String], _ rows: [[Markup]]) -> Markup {
        element(
            "table",
            content: [
                element(
                    "thead",
                    content: [element("tr", content: columns.map { element("th", ["scope": "col"], $0) })]),
                element(
                    "tbody",
                    content: rows.map { row in
                        element("tr", content: row.map { element("td", content: [$0]) })
                    }),
            ])
    }

    package static func figure(_ content: Markup, caption: String) -> Markup {
        element("figure", content: [content, element("figcaption", [:], caption)])
    }
}
