import Foundation
import SemblanceCore
import Synchronization

/// Where built programs are kept on disk.
package enum BinaryCaching: Sendable {
    /// In the user's cache folder, except on platforms whose driver keeps binaries itself: PoCL and NVIDIA.
    case automatic
    case off
    /// In this folder, on every platform.
    case folder(String)
}

/// Program binaries on disk, one file each. A file holds its whole key, so that no other program, device or driver is
/// mistaken for it, and a checksum; a file that does not match is as good as none. Nothing here throws: the cache
/// may always be built anew. The first thing that goes wrong is kept as a note.
package final class BinaryStore: Sendable {
    let folder: URL
    private let note = Mutex(Note.none)

    private enum Note {
        case none
        case due(String)
        case told
    }

    package init?(_ caching: BinaryCaching, platform: String) {
        switch caching {
        case .off: return nil
        case .folder(let path): folder = URL(fileURLWithPath: path, isDirectory: true)
        case .automatic:
            guard !platform.contains("Portable Computing Language"), !platform.contains("NVIDIA") else {
                return nil
            }
            folder = BinaryStore.userFolder
        }
    }

    /// SEMBLANCE_CACHE, or `semblance` in XDG_CACHE_HOME or ~/.cache.
    package static var userFolder: URL {
        let environment = ProcessInfo.processInfo.environment
        if let own = environment["SEMBLANCE_CACHE"], !own.isEmpty { return URL(fileURLWithPath: own) }
        if let caches = environment["XDG_CACHE_HOME"], !caches.isEmpty {
            return URL(fileURLWithPath: caches).appendingPathComponent("semblance")
        }
        return FileManager.default.homeDirectoryForCurrentUser.appendingPathComponent(".cache/semblance")
    }

    private static let magic = Array("semblance program 1\n".utf8)

    private func file(for key: [UInt8]) -> URL {
        folder.appendingPathComponent(String(checksum(key), radix: 16) + ".clbin")
    }

    package func load(_ key: [UInt8]) -> [UInt8]? {
        let file = file(for: key)
        guard let data = try? Data(contentsOf: file) else { return nil }
        let head = header(key)
        if data.count > head.count + 8, data.prefix(head.count).elementsEqual(head) {
            let binary = [UInt8](data.dropFirst(head.count + 8))
            let sum = data.dropFirst(head.count).prefix(8)
            if sum.elementsEqual(littleEndian(checksum(binary))) { return binary }
        }
        note("\(file.path) is damaged; its program, and others like it, are built anew")
        return nil
    }

    package func save(_ binary: [UInt8], for key: [UInt8]) {
        let content = header(key) + littleEndian(checksum(binary)) + binary
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            // Atomic: to a temporary file, then renamed, so that another process reads all of it or nothing.
            try Data(content).write(to: file(for: key), options: .atomic)
        } catch {
            note(
                """
                programs cannot be kept in \(folder.path), so they are built again in every run; make it writable, or set \
                SEMBLANCE_CACHE to a folder that is
                """)
        }
    }

    private func note(_ text: String) { note.withLock { if case .none = $0 { $0 = .due(text) } } }

    /// What went wrong first, once.
    func takeNote() -> String? {
        note.withLock { note in
            guard case .due(let text) = note else { return nil }
            note = .told
            return text
        }
    }

    func remove(_ key: [UInt8]) { try? FileManager.default.removeItem(at: file(for: key)) }

    private func header(_ key: [UInt8]) -> [UInt8] {
        BinaryStore.magic + littleEndian(UInt64(key.count)) + key
    }

    private func littleEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    /// FNV-1a, 64 bits.
    private func checksum(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
