import SemblanceCore

/// Names of PNG files, each given once: where one is taken, the next gets a number.
package struct FreshNames {
    private var used: Set<String> = []

    package init() {}

    /// After a photograph's: photographs of the same name may come from different folders.
    package mutating func name(for source: String) -> String { name(stem: stem(of: splitPath(source).name)) }

    package mutating func name(stem: String) -> String {
        var (name, number) = ("\(stem).png", 2)
        while !used.insert(name).inserted {
            name = "\(stem)-\(number).png"
            number += 1
        }
        return name
    }
}
