import CCLBlastParameters
import SemblanceCore
import Synchronization

/// What CLBlast's kernel for large products of floats is compiled with on a device (Nugteren, "CLBlast: A Tuned OpenCL BLAS Library", 2018). They belong
/// to the process: a plan that was prepared with others has memory for those.
package struct CLBlastParameters: Hashable, Sendable {
    /// CLBlast's names, in the order of the values.
    static let names = (0..<SEMBLANCE_CLBLAST_PARAMETERS).map { String(cString: semblance_clblast_name($0)) }

    /// All of them, by name.
    let named: [String: Int]

    subscript(name: String) -> Int { named[name] ?? 0 }

    /// nil unless these are all of them, each a small power of two or 0.
    init?(_ named: [String: Int]) {
        guard Set(named.keys) == Set(Self.names),
            named.values.allSatisfy({ (0...256).contains($0) && $0 & ($0 - 1) == 0 })
        else { return nil }
        self.named = named
    }

    /// CLBlast's own for a device, whatever was set since.
    /// - Throws: `deviceFault`.
    package static func own(of device: OpenCLDevice) throws(SemblanceError) -> CLBlastParameters {
        let key = UInt(bitPattern: device.id)
        if let known = own.withLock({ $0[key] }) { return known }
        var found = [UInt](repeating: 0, count: names.count)
        let code = CLBlastProduct.lock.withLock { _ in
            semblance_clblast_get(UnsafeMutableRawPointer(device.id), &found)
        }
        guard code == 0 else { throw CLStatus(rawValue: code).error("asking for CLBlast's parameters") }
        let pairs = zip(names, found.map { Int(clamping: $0) })
        let parameters = CLBlastParameters(known: Dictionary(uniqueKeysWithValues: pairs))
        own.withLock { $0[key] = parameters }
        return parameters
    }

    private static let own = Mutex<[UInt: CLBlastParameters]>([:])

    private init(known named: [String: Int]) { self.named = named }

    /// Compiles CLBlast's next products on the device with these.
    /// - Throws: `deviceFault` where CLBlast refuses them.
    package func apply(to device: OpenCLDevice) throws(SemblanceError) {
        _ = try Self.own(of: device)
        let numbers = Self.names.map { UInt(self[$0]) }
        let code = CLBlastProduct.lock.withLock { _ in
            semblance_clblast_set(UnsafeMutableRawPointer(device.id), numbers)
        }
        guard code == 0 else { throw CLStatus(rawValue: code).error("setting CLBlast's parameters") }
    }

    // MARK: Once for all plans

    /// Settles what the device has, CLBlast's own unless others were adopted.
    static func settle(on device: OpenCLDevice) {
        let key = UInt(bitPattern: device.id)
        adopted.withLock { if $0[key] == nil { $0[key] = .some(nil) } }
    }

    private static let adopted = Mutex<[UInt: CLBlastParameters?]>([:])

    /// Settles the device's parameters for the life of the process, before its first product is prepared.
    /// - Returns: whether these hold: false where others were settled before.
    /// - Throws: `deviceFault` where CLBlast refuses them.
    static func adopt(_ parameters: CLBlastParameters, on device: OpenCLDevice) throws(SemblanceError) -> Bool
    {
        let key = UInt(bitPattern: device.id)
        let known = adopted.withLock { adopted in
            let known = adopted[key]
            if known == nil { adopted[key] = .some(parameters) }
            return known
        }
        if let known { return known == parameters }
        try parameters.apply(to: device)
        return true
    }
}

// MARK: What may be chosen

extension CLBlastParameters {
    /// Whether the kernel can be compiled so, and runs on the device. For parameters that come from a file: nothing in it may be taken for granted.
    package func suits(_ traits: DeviceTraits) -> Bool {
        let (rows, columns, depth) = (self["MWG"], self["NWG"], self["KWG"])
        let items = self["MDIMC"] * self["NDIMC"]
        func divides(_ part: Int, _ whole: Int) -> Bool { part > 0 && whole > 0 && whole % part == 0 }
        guard self["GEMMK"] == 0, self["KREG"] == 1, divides(self["KWI"], depth), items > 0,
            divides(self["MDIMC"] * self["VWM"], rows), divides(self["NDIMC"] * self["VWN"], columns),
            divides(self["MDIMA"] * self["VWM"], rows), divides(self["NDIMB"] * self["VWN"], columns),
            divides(self["MDIMA"], items), divides(self["NDIMB"], items),
            divides(items / self["MDIMA"], depth), divides(items / self["NDIMB"], depth),
            [self["VWM"], self["VWN"]].allSatisfy({ $0 <= 8 }),
            ["SA", "SB", "STRM", "STRN"].allSatisfy({ self[$0] <= 1 })
        else { return false }
        let local = 4 * depth * (self["SA"] * rows + self["SB"] * columns)
        // Sums in registers.
        return items <= traits.maxWorkGroup && local <= traits.localMemory && rows * columns / items <= 64
    }

    /// What a search tries: tiles first, then what varies the best of those.
    package enum Stage: CaseIterable, Sendable {
        case tiles, vectors, memory
    }

    /// - Parameter best: what is best so far.
    package static func candidates(_ stage: Stage, around best: CLBlastParameters, on traits: DeviceTraits)
        -> [CLBlastParameters]
    {
        func varied(_ changes: [String: Int]) -> CLBlastParameters? {
            CLBlastParameters(best.named.merging(changes) { $1 })
        }
        let all: [CLBlastParameters?]
        switch stage {
        case .tiles:
            let tiles = [
                (64, 64, 8, 8), (64, 64, 16, 16), (128, 64, 16, 8), (64, 128, 8, 16), (128, 128, 16, 16),
            ]
            all = tiles.flatMap { rows, columns, down, across in
                [16, 32].map { depth in
                    varied([
                        "GEMMK": 0, "KREG": 1, "KWG": depth, "KWI": 2, "MWG": rows, "NWG": columns,
                        "MDIMC": down, "NDIMC": across, "MDIMA": down, "NDIMB": across, "SA": 1, "SB": 1,
                        "STRM": 0, "STRN": 0, "VWM": 4, "VWN": 4,
                    ])
                }
            }
        case .vectors:
            all = [1, 2, 4, 8].flatMap { down in [1, 2, 4, 8].map { varied(["VWM": down, "VWN": $0]) } }
        case .memory:
            let stores = [(0, 0), (0, 1), (1, 0), (1, 1)].flatMap { a, b in
                [2, 8].map { varied(["SA": a, "SB": b, "KWI": $0]) }
            }
            all = stores + [(1, 0), (0, 1), (1, 1)].map { varied(["STRM": $0, "STRN": $1]) }
        }
        return all.compactMap(\.self).filter { $0 != best && $0.suits(traits) }
    }
}

extension CLBlastParameters: CustomStringConvertible {
    package var description: String {
        let tile = "\(self["MWG"])x\(self["NWG"])x\(self["KWG"])"
        let rest = Self.names.filter { !["MWG", "NWG", "KWG"].contains($0) }.map { "\($0) \(self[$0])" }
        return "tile \(tile), " + rest.joined(separator: ", ")
    }
}
