import COneDNN
import SemblanceCore

/// Shape and layout of a tensor in oneDNN's terms.
struct MemoryDescriptor: Equatable {
    var raw: dnnl_memory_desc_t

    init(raw: dnnl_memory_desc_t) { self.raw = raw }

    /// Row-major.
    init(_ shape: Shape) throws(SemblanceError) {
        try self.init(shape, strides: shape.strides)
    }

    init(_ shape: Shape, strides: [Int]) throws(SemblanceError) {
        var raw = dnnl_memory_desc_t()
        try check("a memory layout of \(shape)") {
            var dimensions = shape.dimensions.map { Int64($0) }
            var strides = strides.map { Int64($0) }
            return dnnl_memory_desc_init_by_strides(&raw, Int32(shape.rank), &dimensions, dnnl_f32, &strides)
        }
        self.raw = raw
    }

    /// Any layout: a primitive chooses.
    static func any(_ shape: Shape) throws(SemblanceError) -> MemoryDescriptor {
        var raw = dnnl_memory_desc_t()
        try check("a memory layout of \(shape)") {
            var dimensions = shape.dimensions.map { Int64($0) }
            return dnnl_memory_desc_init_by_tag(
                &raw, Int32(shape.rank), &dimensions, dnnl_f32, dnnl_format_tag_any)
        }
        return MemoryDescriptor(raw: raw)
    }

    /// The channels of a pixel side by side; row-major where there are no pixels.
    static func channelsLast(_ shape: Shape) throws(SemblanceError) -> MemoryDescriptor {
        guard shape.rank == 4 else { return try MemoryDescriptor(shape) }
        let (channels, height, width) = (shape.channels, shape.height, shape.width)
        return try MemoryDescriptor(
            shape, strides: [height * width * channels, 1, width * channels, channels])
    }

    /// An image whose channels lie in vectors.
    static func blocked(_ shape: Shape, by vectors: Vectors) throws(SemblanceError) -> MemoryDescriptor {
        var raw = dnnl_memory_desc_t()
        try check("a blocked layout of \(shape)") {
            let dimensions = shape.dimensions.map { Int64($0) }
            let tag = vectors == .avx512 ? dnnl_aBcd16b : dnnl_aBcd8b
            return dnnl_memory_desc_init_by_tag(&raw, Int32(shape.rank), dimensions, dnnl_f32, tag)
        }
        return MemoryDescriptor(raw: raw)
    }

    /// The same memory with axis i being axis permutation[i] of this.
    func transposed(_ permutation: [Int]) throws(SemblanceError) -> MemoryDescriptor {
        var result = MemoryDescriptor(raw: raw)
        // oneDNN asks where each axis goes.
        var places = [Int32](repeating: 0, count: permutation.count)
        for (place, axis) in permutation.enumerated() { places[axis] = Int32(place) }
        try check("a transposed layout") {
            withUnsafePointer(to: raw) { dnnl_memory_desc_permute_axes(&result.raw, $0, places) }
        }
        return result
    }

    /// A part of the same memory: entries of an axis from `start` on, as many as `shape` has. Blocked layouts may not be able to.
    func part(_ shape: Shape, axis: Int, start: Int) throws(SemblanceError) -> MemoryDescriptor {
        var result = MemoryDescriptor(raw: raw)
        let dimensions = shape.dimensions.map { Int64($0) }
        var offsets = [Int64](repeating: 0, count: shape.rank)
        offsets[axis] = Int64(start)
        try check("a part of a layout") {
            withUnsafePointer(to: raw) {
                dnnl_memory_desc_init_submemory(&result.raw, $0, dimensions, offsets)
            }
        }
        return result
    }

    /// Bytes, padding of blocked layouts included.
    var size: Int { withUnsafePointer(to: raw) { dnnl_memory_desc_get_size($0) } }

    static func == (left: MemoryDescriptor, right: MemoryDescriptor) -> Bool {
        withUnsafePointer(to: left.raw) { left in
            withUnsafePointer(to: right.raw) { right in dnnl_memory_desc_equal(left, right) != 0 }
        }
    }
}

/// Turns a failed oneDNN call into an error that says what was being done.
func check(_ what: @autoclosure () -> String, _ call: () -> dnnl_status_t) throws(SemblanceError) {
    let status = call()
    guard status != dnnl_success else { return }
    let reason = dnnl_status2str(status).map { String(cString: $0) } ?? "status \(status.rawValue)"
    let code: SemblanceError.Code =
        switch status {
        case dnnl_out_of_memory: .outOfMemory
        case dnnl_unimplemented, dnnl_invalid_arguments: .unsupportedOperation
        default: .deviceFault
        }
    throw SemblanceError(code, "oneDNN failed at \(what()): \(reason)")
}
