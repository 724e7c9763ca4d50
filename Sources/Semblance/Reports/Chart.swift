import Foundation

/// A diagram as SVG within a page: lines and areas over two axes. Colours come from the page.
package struct Chart: Sendable {
    package struct Axis: Sendable {
        var label: String
        var low: Double
        var high: Double
        /// To the base 10; both ends must be powers of it.
        var isLogarithmic: Bool

        package static func linear(_ label: String, _ low: Double, _ high: Double) -> Axis {
            Axis(label: label, low: low, high: high, isLogarithmic: false)
        }

        /// - Parameter decades: below `high`.
        package static func logarithmic(_ label: String, decades: Int, high: Double = 1) -> Axis {
            Axis(label: label, low: high * pow(10, -Double(max(decades, 1))), high: high, isLogarithmic: true)
        }

        /// Where a value lies, from 0 to 1; what lies outside is at the edge.
        package func share(_ value: Double) -> Double {
            let (value, low, high) =
                isLogarithmic
                ? (log10(max(value, low)), log10(low), log10(high)) : (value, low, high)
            return min(max((value - low) / (high - low), 0), 1)
        }

        /// Where lines of the grid go, and what they are called.
        var ticks: [(value: Double, name: String)] {
            if isLogarithmic {
                let (first, last) = (Int(log10(low).rounded()), Int(log10(high).rounded()))
                return (first...last).map { power in
                    (
                        pow(10, Double(power)),
                        power < -3 ? "1e\(power)" : String(format: "%g", pow(10, Double(power)))
                    )
                }
            }
            let rough = (high - low) / 5
            let scale = pow(10, log10(rough).rounded(.down))
            let step = [1, 2, 5, 10].map { $0 * scale }.first { $0 >= rough * 0.999 } ?? rough
            let (first, last) = ((low / step - 1e-9).rounded(.up), (high / step + 1e-9).rounded(.down))
            return stride(from: first, through: last, by: 1).map {
                ($0 * step, String(format: "%g", $0 * step))
            }
        }
    }

    package enum Shape: Sendable {
        case line
        /// Filled down to the axis.
        case area
    }

    package struct Series: Sendable {
        var name: String
        var shape: Shape
        var points: [(x: Double, y: Double)]

        package init(_ name: String, _ shape: Shape, _ points: [(x: Double, y: Double)]) {
            self.name = name
            self.shape = shape
            self.points = points
        }
    }

    package var title: String
    package var x: Axis
    package var y: Axis
    /// Three at most: there are as many colours.
    package var series: [Series]

    package init(title: String, x: Axis, y: Axis, series: [Series]) {
        self.title = title
        self.x = x
        self.y = y
        self.series = series
    }

    /// The drawing's size, and the part within the axes.
    private static let (width, height) = (640.0, 400.0)
    private static let (left, right, top, bottom) = (64.0, 624.0, 34.0, 350.0)

    package var markup: Markup {
        .element(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg", "viewBox": "0 0 640 400", "role": "img",
                "aria-label": title,
            ], grid + curves + [frame] + labels)
    }

    private func place(_ point: (x: Double, y: Double)) -> (x: Double, y: Double) {
        (
            Self.left + x.share(point.x) * (Self.right - Self.left),
            Self.bottom - y.share(point.y) * (Self.bottom - Self.top)
        )
    }

    private func text(_ text: String, _ x: Double, _ y: Double, anchor: String, turned: Bool = false)
        -> Markup
    {
        let (x, y) = (Self.number(x), Self.number(y))
        return .element(
            "text",
            [
                "x": x, "y": y, "text-anchor": anchor,
                "transform": turned ? "rotate(-90 \(x) \(y))" : "rotate(0)",
            ],
            text)
    }

    private func line(_ from: (Double, Double), _ to: (Double, Double), _ style: String) -> Markup {
        .element(
            "line",
            [
                "class": style, "x1": Self.number(from.0), "y1": Self.number(from.1), "x2": Self.number(to.0),
                "y2": Self.number(to.1),
            ])
    }

    private var grid: [Markup] {
        x.ticks.flatMap { tick -> [Markup] in
            let place = Self.left + x.share(tick.value) * (Self.right - Self.left)
            return [
                line((place, Self.top), (place, Self.bottom), "grid"),
                text(tick.name, place, Self.bottom + 16, anchor: "middle"),
            ]
        }
            + y.ticks.flatMap { tick -> [Markup] in
                let place = Self.bottom - y.share(tick.value) * (Self.bottom - Self.top)
                return [
                    line((Self.left, place), (Self.right, place), "grid"),
                    text(tick.name, Self.left - 6, place + 4, anchor: "end"),
                ]
            }
    }

    private var frame: Markup {
        .element(
            "rect",
            [
                "class": "frame", "x": Self.number(Self.left), "y": Self.number(Self.top),
                "width": Self.number(Self.right - Self.left), "height": Self.number(Self.bottom - Self.top),
            ])
    }

    private var labels: [Markup] {
        var parts = [
            text(x.label, (Self.left + Self.right) / 2, Self.height - 12, anchor: "middle"),
            text(y.label, 16, (Self.top + Self.bottom) / 2, anchor: "middle", turned: true),
        ]
        // Above the frame, one after the other.
        for (index, each) in series.enumerated() {
            let start = Self.left + Double(index) * 190
            parts.append(line((start, 18), (start + 20, 18), "line \(style(index))"))
            parts.append(text(each.name, start + 26, 22, anchor: "start"))
        }
        return parts
    }

    private var curves: [Markup] {
        series.enumerated().filter { !$1.points.isEmpty }.map { index, each in
            var points = each.points.map(place)
            if each.shape == .area, let first = points.first, let last = points.last {
                points = [(first.x, Self.bottom)] + points + [(last.x, Self.bottom)]
            }
            let list = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
            let kind = each.shape == .area ? "polygon" : "polyline"
            return .element(
                kind, ["class": "\(each.shape == .area ? "area" : "line") \(style(index))", "points": list])
        }
    }

    private func style(_ index: Int) -> String { ["a", "b", "c"][index % 3] }

    private static func number(_ value: Double) -> String { String(format: "%.2f", value) }
}
