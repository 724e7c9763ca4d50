import Foundation
import SemblanceCore

/// Which tuning table a backend reads when it is opened.
package enum TuningSource: Sendable {
    /// The file that SEMBLANCE_TUNING names (`off`: none), or else the device's own in the user's cache folder.
    case automatic
    case off
    case file(String)
    /// The device's own in this folder.
    case folder(String)
}

/// Where the tuning table of a device lies: a file for each device and driver.
package struct TuningStore: Sendable {
    /// The table's file; nil for none.
    package let path: String?
    private let device: Device
    /// Whether the table need not be there.
    private let isOwn: Bool

    package init(_ source: TuningSource, for device: Device) {
        self.device = device
        let named = ProcessInfo.processInfo.environment["SEMBLANCE_TUNING"] ?? ""
        func own(_ folder: String) -> String { folder + "/" + Self.name(of: device) }
        switch source {
        case .automatic where named == "off": (path, isOwn) = (nil, false)
        case .automatic where named.isEmpty: (path, isOwn) = (own(BinaryStore.userFolder.path), true)
        case .automatic: (path, isOwn) = (named, false)
        case .off: (path, isOwn) = (nil, false)
        case .file(let file): (path, isOwn) = (file, false)
        case .folder(let folder): (path, isOwn) = (own(folder), true)
        }
    }

    private static func prefix(of device: Device) -> String {
        "tuning-\(hash([device.platform, device.name]))-"
    }

    private static func name(of device: Device) -> String {
        prefix(of: device) + hash([device.driver]) + ".json"
    }

    private static func hash(_ parts: [String]) -> String {
        var fingerprint = Fingerprint()
        for part in parts { fingerprint.add(part) }
        return fingerprint.text
    }

    /// Reads the table.
    /// - Returns: the table where there is a good one, and else a sentence where there is one that is not used.
    package func load(for traits: DeviceTraits) -> (table: TuningTable?, note: String?) {
        guard let path else { return (nil, nil) }
        let bytes: [UInt8]
        do throws(SemblanceError) {
            bytes = try read(path)
        } catch {
            return (nil, note(error))
        }
        do throws(TuningTable.Flaw) {
            var table = try TuningTable(bytes, for: device, traits: traits)
            table.origin = path
            return (table, nil)
        } catch {
            guard isOwn || !error.isOfNoTable else {
                return (
                    nil,
                    "\(path) is no tuning table, or is damaged, and is not used; remove it, or name another file"
                )
            }
            return (
                nil,
                "the tuning table \(path) \(error.reason), so that it is not used; semblance tune makes a new one"
            )
        }
    }

    private func read(_ path: String) throws(SemblanceError) -> [UInt8] {
        // Whoever reads a pipe waits for its writer.
        var status = stat()
        if stat(path, &status) == 0, ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) {
            throw SemblanceError(.invalidInput, "cannot read \(path): it is no file")
        }
        return try readFile(path, limit: TuningTable.largestFile)
    }

    private func note(_ error: SemblanceError) -> String? {
        guard isOwn, let path, !FileManager.default.fileExists(atPath: path) else {
            return "there is no tuning table: \(error.message)"
        }
        let folder = splitPath(path).folder
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        guard names.contains(where: { $0.hasPrefix(Self.prefix(of: device)) && $0.hasSuffix(".json") }) else {
            return nil
        }
        return
            "\(folder) has a tuning table of \(device.name) with another driver than \(device.driver), which is not used; semblance tune makes a new one"
    }

    /// Writes the table, all of it or nothing.
    /// - Throws: `outputUnwritable` naming the file.
    package func save(_ table: TuningTable) throws(SemblanceError) {
        guard let path else { return }
        do throws(SemblanceError) {
            if isOwn { try makeFolder(splitPath(path).folder) }
            try writeAtomically(table.encoded(), to: path)
        } catch {
            throw advised(error)
        }
    }

    /// Finds out before long work whether `save` can succeed.
    /// - Throws: `outputUnwritable` naming the file.
    package func checkWritable() throws(SemblanceError) {
        guard let path else { return }
        do throws(SemblanceError) {
            if isOwn { try makeFolder(splitPath(path).folder) }
            try SemblanceCore.checkWritable(path)
            // Somebody else's file is not the place for a table.
            if !isOwn, let bytes = try? read(path), !bytes.isEmpty, !TuningTable.isTable(bytes) {
                throw SemblanceError(
                    .outputUnwritable, "\(path) is no tuning table, or is damaged, and is not replaced",
                    remedy: "remove it, or name another file")
            }
        } catch {
            throw advised(error)
        }
    }

    private func advised(_ error: SemblanceError) -> SemblanceError {
        guard isOwn, let path, error.code == .outputUnwritable else { return error }
        return SemblanceError(
            error.code, "the cache folder \(splitPath(path).folder) cannot take the table: \(error.message)",
            remedy:
                "make it writable, set SEMBLANCE_CACHE to a folder that is, or write the table with --output FILE",
            cause: error.cause)
    }

    /// Removes the device's own table, if there is one. A file that somebody named stays until a table replaces it.
    /// - Throws: `outputUnwritable` naming the file.
    package func forget() throws(SemblanceError) {
        guard isOwn, let path, exists else { return }
        do {
            try FileManager.default.removeItem(atPath: path)
        } catch {
            throw SemblanceError(.outputUnwritable, "cannot remove \(path)", cause: error)
        }
    }

    /// Whether there is a file, of whatever kind.
    package var exists: Bool { path.map(FileManager.default.fileExists(atPath:)) ?? false }
}
