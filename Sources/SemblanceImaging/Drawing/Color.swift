/// A colour in sRGB.
package struct Color: Sendable, Hashable {
    package var red: UInt8
    package var green: UInt8
    package var blue: UInt8

    package init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
        self.red = red
        self.green = green
        self.blue = blue
    }

    package static let white = Color(255, 255, 255)
    package static let black = Color(0, 0, 0)
    /// Right, wrong, and neither: told apart by those who do not see red and green as well.
    package static let right = Color(0, 130, 90)
    package static let wrong = Color(213, 70, 0)
    package static let neutral = Color(110, 110, 120)
}
