import Foundation

/// Whether a folder has something of this name.
func folderHolds(_ name: String, _ folder: String) throws -> Bool {
    try FileManager.default.contentsOfDirectory(atPath: folder).contains(name)
}

func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }
