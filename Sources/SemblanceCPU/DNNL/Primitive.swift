import COneDNN
import SemblanceCore

/// oneDNN's CPU engine and the stream that work is queued on; both live as long as the process.
final class Engine: @unchecked Sendable {
    // Both handles are immutable after init and oneDNN lets threads share them.
    let raw: dnnl_engine_t
    let stream: dnnl_stream_t

    init() throws(SemblanceError) {
        var engine: dnnl_engine_t?
        try check("the CPU engine") { dnnl_engine_create(&engine, dnnl_cpu, 0) }
        var stream: dnnl_stream_t?
        try check("the CPU stream") {
            dnnl_stream_create(&stream, engine, dnnl_stream_default_flags.rawValue)
        }
        guard let engine, let stream else { throw SemblanceError(.deviceFault, "oneDNN gave no engine") }
        raw = engine
        self.stream = stream
    }

    deinit {
        dnnl_stream_destroy(stream)
        dnnl_engine_destroy(raw)
    }
}

/// A chosen implementation of one operation: knows the layouts that it wants.
final class PrimitiveDescriptor {
    let raw: dnnl_primitive_desc_t
    /// How many threads it was made for. oneDNN divides the work when it makes a descriptor, and asks again when it runs.
    let threads: Int32

    /// Below this many bytes and products, 2 microseconds of work, a second thread costs more than it does. Much longer alone and
    /// the others fall asleep, where they spin only briefly.
    private static let leastShared = 1 << 16

    /// - Parameter products: multiplications that the bytes of its arguments do not tell of.
    private init(products: Int, _ make: () throws(SemblanceError) -> dnnl_primitive_desc_t)
        throws(SemblanceError)
    {
        let raw = try make()
        let threads = omp_get_max_threads()
        guard threads > 1, Self.bytes(raw) + products < Self.leastShared else {
            (self.raw, self.threads) = (raw, threads)
            return
        }
        dnnl_primitive_desc_destroy(raw)
        self.threads = 1
        self.raw = try withThreads(1, make)
    }

    /// What it reads and writes.
    private static func bytes(_ raw: dnnl_primitive_desc_t) -> Int {
        let arguments: [(dnnl_query_t, Int32)] = [
            (dnnl_query_src_md, 0), (dnnl_query_src_md, 1), (dnnl_query_weights_md, 0),
            (dnnl_query_dst_md, 0),
            (dnnl_query_diff_src_md, 0), (dnnl_query_diff_weights_md, 0), (dnnl_query_diff_dst_md, 0),
        ]
        return arguments.reduce(0) { total, argument in
            let layout = dnnl_primitive_desc_query_md(raw, argument.0, argument.1)
            return total + (layout.map { dnnl_memory_desc_get_size($0) } ?? 0)
        }
    }

    deinit { dnnl_primitive_desc_destroy(raw) }

    /// - Parameters:
    ///   - operation: one of oneDNN's operation descriptors.
    ///   - products: how many multiplications it is, if many.
    ///   - hint: the forward descriptor, where oneDNN asks for one.
    ///   - postOps: appends what is applied to the result.
    convenience init<Operation>(
        _ what: @autoclosure () -> String, _ operation: Operation, on engine: Engine,
        products: Int = 0, hint: PrimitiveDescriptor? = nil,
        postOps: ((dnnl_post_ops_t) -> dnnl_status_t)? = nil
    ) throws(SemblanceError) {
        let attributes = try Attributes(postOps: postOps)
        try self.init(products: products) { () throws(SemblanceError) in
            var raw: dnnl_primitive_desc_t?
            try check(what()) {
                withUnsafePointer(to: operation) {
                    dnnl_primitive_desc_create(
                        &raw, UnsafeRawPointer($0), attributes.raw, engine.raw, hint?.raw)
                }
            }
            guard let raw else {
                throw SemblanceError(.deviceFault, "oneDNN gave no descriptor for \(what())")
            }
            return raw
        }
    }

    /// A copy from one layout to another.
    static func reorder(_ source: MemoryDescriptor, _ target: MemoryDescriptor, on engine: Engine)
        throws(SemblanceError) -> PrimitiveDescriptor
    {
        let attributes = try Attributes(postOps: nil)
        return try PrimitiveDescriptor(products: 0) { () throws(SemblanceError) in
            var raw: dnnl_primitive_desc_t?
            try check("a reorder") {
                withUnsafePointer(to: source.raw) { source in
                    withUnsafePointer(to: target.raw) { target in
                        dnnl_reorder_primitive_desc_create(
                            &raw, source, engine.raw, target, engine.raw, attributes.raw)
                    }
                }
            }
            guard let raw else {
                throw SemblanceError(.deviceFault, "oneDNN gave no descriptor for a reorder")
            }
            return raw
        }
    }

    /// The layout of an argument, such as `DNNL_ARG_SRC`.
    func layout(_ argument: Int32) throws(SemblanceError) -> MemoryDescriptor {
        guard let raw = dnnl_primitive_desc_query_md(raw, dnnl_query_exec_arg_md, argument) else {
            throw SemblanceError(.internalFault, "oneDNN has no layout for argument \(argument)")
        }
        return MemoryDescriptor(raw: raw.pointee)
    }

    var scratchSize: Int {
        dnnl_primitive_desc_query_md(raw, dnnl_query_scratchpad_md, 0).map { dnnl_memory_desc_get_size($0) }
            ?? 0
    }

    /// The implementation's own name, such as `brgconv:avx512_core`.
    var implementation: String {
        var text: UnsafePointer<CChar>?
        guard dnnl_primitive_desc_query(raw, dnnl_query_impl_info_str, 0, &text) == dnnl_success, let text
        else {
            return "unknown"
        }
        return String(cString: text)
    }
}

/// Post-operations, and scratch memory left to the caller so that running allocates nothing.
private final class Attributes {
    let raw: dnnl_primitive_attr_t?

    init(postOps: ((dnnl_post_ops_t) -> dnnl_status_t)?) throws(SemblanceError) {
        var raw: dnnl_primitive_attr_t?
        try check("attributes") { dnnl_primitive_attr_create(&raw) }
        self.raw = raw
        try check("attributes") { dnnl_primitive_attr_set_scratchpad_mode(raw, dnnl_scratchpad_mode_user) }
        guard let postOps else { return }
        var operations: dnnl_post_ops_t?
        try check("post-operations") { dnnl_post_ops_create(&operations) }
        defer { dnnl_post_ops_destroy(operations) }
        guard let operations else { return }
        try check("post-operations") { postOps(operations) }
        try check("post-operations") { dnnl_primitive_attr_set_post_ops(raw, operations) }
    }

    deinit { dnnl_primitive_attr_destroy(raw) }
}

/// A primitive with its arguments bound to memory: ready to run.
final class BoundPrimitive {
    private var primitive: dnnl_primitive_t?
    private var arguments: [dnnl_exec_arg_t] = []
    private let engine: Engine
    private let threads: Int32

    init(
        _ descriptor: PrimitiveDescriptor, on engine: Engine,
        arguments: [(role: Int32, layout: MemoryDescriptor, memory: UnsafeMutableRawPointer)],
        scratch: UnsafeMutableRawPointer?
    ) throws(SemblanceError) {
        self.engine = engine
        threads = descriptor.threads
        try withThreads(threads) { () throws(SemblanceError) in
            try check(descriptor.implementation) { dnnl_primitive_create(&primitive, descriptor.raw) }
        }
        var all = arguments
        if descriptor.scratchSize > 0, let scratch {
            all.append((DNNL_ARG_SCRATCHPAD, try descriptor.layout(DNNL_ARG_SCRATCHPAD), scratch))
        }
        for argument in all {
            var memory: dnnl_memory_t?
            try check(descriptor.implementation) {
                withUnsafePointer(to: argument.layout.raw) {
                    dnnl_memory_create(&memory, $0, engine.raw, argument.memory)
                }
            }
            self.arguments.append(dnnl_exec_arg_t(arg: argument.role, memory: memory))
        }
    }

    /// Points an argument to other memory of the same layout, for the next run.
    func move(_ role: Int32, to memory: UnsafeMutableRawPointer) throws(SemblanceError) {
        for argument in arguments where argument.arg == role {
            try check("moving an argument") { dnnl_memory_set_data_handle(argument.memory, memory) }
        }
    }

    func run() throws(SemblanceError) {
        try withThreads(threads) { () throws(SemblanceError) in
            try check("running a primitive") {
                arguments.withUnsafeBufferPointer {
                    dnnl_primitive_execute(primitive, engine.stream, Int32($0.count), $0.baseAddress)
                }
            }
        }
    }

    deinit {
        for argument in arguments { dnnl_memory_destroy(argument.memory) }
        dnnl_primitive_destroy(primitive)
    }
}
