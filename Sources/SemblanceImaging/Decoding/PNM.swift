import SemblanceCore

/// PGM and PPM, plain (P2, P3) and binary (P5, P6), with a maximum of 1 to 65535; the first image of a file.
func decodePNM(_ file: EncodedImage) throws(SemblanceError) -> Image {
    var reader = PNMReader(file: file)
    let kind = file.bytes[1]
    let channels = kind == UInt8(ascii: "3") || kind == UInt8(ascii: "6") ? 3 : 1
    let width = try reader.number()
    let height = try reader.number()
    let maximum = try reader.number()
    guard (1...65535).contains(maximum) else { throw file.damaged("its maximum is \(maximum)") }
    try file.checkSize(width: width, height: height)
    let count = width * height * channels
    func scaled(_ value: Int) throws(SemblanceError) -> UInt8 {
        guard value <= maximum else {
            throw file.damaged("a value of \(value) is above the maximum \(maximum)")
        }
        return UInt8((value * 255 + maximum / 2) / maximum)
    }

    if kind == UInt8(ascii: "2") || kind == UInt8(ascii: "3") {
        // A digit and a space each, at least: what is too short is refused before it is given memory.
        guard file.bytes.count - reader.offset >= 2 * count - 1 else { throw file.damaged("it is cut short") }
        var pixels: [UInt8] = []
        pixels.reserveCapacity(count)
        for _ in 0..<count { try pixels.append(scaled(reader.number())) }
        return Image(unchecked: pixels, width: width, height: height, channels: channels)
    }

    // Exactly one white space behind the maximum.
    let start = reader.offset + 1
    let size = maximum < 256 ? 1 : 2
    guard file.bytes.count - start >= count * size else { throw file.damaged("it is cut short") }
    let data = file.bytes[start..<start + count * size]
    if maximum == 255 {
        return Image(unchecked: Array(data), width: width, height: height, channels: channels)
    }
    var pixels = [UInt8](repeating: 0, count: count)
    for index in 0..<count {
        let offset = start + index * size
        pixels[index] = try scaled(
            size == 1 ? Int(data[offset]) : Int(data[offset]) << 8 | Int(data[offset + 1]))
    }
    return Image(unchecked: pixels, width: width, height: height, channels: channels)
}

/// Numbers between white space and comments.
private struct PNMReader {
    let file: EncodedImage
    var offset = 2

    init(file: EncodedImage) { self.file = file }

    mutating func number() throws(SemblanceError) -> Int {
        let bytes = file.bytes
        while offset < bytes.count {
            if bytes[offset] == UInt8(ascii: "#") {
                offset = bytes[offset...].firstIndex { $0 == 10 || $0 == 13 } ?? bytes.count
            } else if bytes[offset] == 32 || (9...13).contains(bytes[offset]) {
                offset += 1
            } else {
                break
            }
        }
        var value = 0
        let first = offset
        while offset < bytes.count, bytes[offset] >= 48, bytes[offset] <= 57 {
            value = value * 10 + Int(bytes[offset] - 48)
            offset += 1
            guard value <= Int(Int32.max) else { throw file.damaged("a number is too large") }
        }
        guard offset > first else {
            throw file.damaged(
                offset == bytes.count ? "it is cut short" : "a number is missing at byte \(offset)")
        }
        return value
    }
}
