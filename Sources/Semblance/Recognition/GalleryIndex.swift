import SemblanceCore
import SemblanceGallery

/// A gallery in a device's memory, for many searches. One that does not fit is read again for each search instead.
public final class GalleryIndex {
    private let gallery: Gallery
    private let faces: (any FaceCollection)?
    private let batch: Int
    private let count: Int
    private let device: SelectedDevice
    private let policy: FaultPolicy
    private var resident: Resident

    private struct Resident {
        /// nil where the faces do not fit, or there are none.
        var index: FaceIndex?
        /// What it was made on: others may have moved the selected device on since.
        var device: Device
    }

    /// Whether the faces are in the device's memory.
    public var isResident: Bool { resident.index != nil }

    init(_ gallery: Gallery, batch: Int, count: Int, on device: SelectedDevice, onFault policy: FaultPolicy)
        throws(SemblanceError)
    {
        self.gallery = gallery
        self.faces = gallery.faces
        (self.batch, self.count, self.device, self.policy) = (batch, count, device, policy)
        let faces = gallery.faces
        resident = try Self.load(faces, batch: batch, count: count, on: device)
    }

    /// Too little memory for the faces is no reason to leave a device that does all else.
    private static func load(
        _ faces: (any FaceCollection)?, batch: Int, count: Int, on selected: SelectedDevice
    ) throws(SemblanceError) -> Resident {
        let backend = selected.backend
        guard let faces else { return Resident(index: nil, device: backend.device) }
        do throws(SemblanceError) {
            let index = try FaceIndex(of: faces, batch: batch, count: count, on: backend)
            return Resident(index: index, device: backend.device)
        } catch {
            switch error.code {
            case .outOfMemory:
                return Resident(index: nil, device: backend.device)
            // As at every preparation.
            case .programBuildFailed, .unsupportedOperation, .deviceFault:
                try selected.fallBack(from: backend.device, because: error)
                return try load(faces, batch: batch, count: count, on: selected)
            default:
                throw error
            }
        }
    }

    /// As `Gallery.search`. Names are those of the gallery now: who was removed since the index was made is left out.
    /// - Throws: `modelMismatch` for an embedding of another model, and what the device throws.
    public func search(_ probes: [Embedding]) throws(SemblanceError) -> [[Gallery.Match]] {
        for probe in probes { try gallery.check(probe) }
        return try device.recovering(policy) { () throws(SemblanceError) in
            if resident.device.identifier != device.device.identifier {
                resident = try Self.load(faces, batch: batch, count: count, on: device)
            }
            guard let faces, let index = resident.index else {
                return try gallery.search(probes, count: count, on: device)
            }
            return try index.nearest(to: probes.map(\.values)).map { (hits) throws(SemblanceError) in
                try faces.matches(hits)
            }
        }
    }
}
