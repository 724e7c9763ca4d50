import SemblanceCore

/// Names of PNG files after those of photographs: photographs of the same name in different folders get a number.
struct FreshNames {
    private var used: Set<String> = []

    mutating func name(for source: String) -> String {
        let name = splitPath(source).name
        let stem = name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
        var candidate = "\(stem).png"
        var number = 2
        while !used.insert(candidate).inserted {
            candidate = "\(stem)-\(number).png"
            number += 1
        }
        return candidate
    }
}
