import COpenCL
import SemblanceCore
import Synchronization

/// Builds programs, each once for a backend, from a binary on disk where there is a good one.
package final class ProgramCache: Sendable {
    /// How the programs so far came to be.
    package struct Statistics: Sendable, Equatable {
        package var builtFromSource = 0
        package var loadedFromDisk = 0
    }

    private struct State {
        var programs: [ProgramSource: Shared<CLProgram>] = [:]
        var statistics = Statistics()
    }

    private let device: OpenCLDevice
    private let store: BinaryStore?
    private let faults: FaultInjection
    private let state = Mutex(State())

    init(device: OpenCLDevice, store: BinaryStore?, faults: FaultInjection) {
        self.device = device
        self.store = store
        self.faults = faults
    }

    /// What is wrong with the binaries on disk, if that was not told yet.
    func takeNote() -> String? { store?.takeNote() }

    package var statistics: Statistics { state.withLock { $0.statistics } }

    /// - Throws: `programBuildFailed` with the first lines of the compiler's log.
    func program(_ source: ProgramSource, in context: borrowing CLContext) throws(SemblanceError)
        -> Shared<CLProgram>
    {
        if let known = state.withLock({ $0.programs[source] }) { return known }
        // Built outside of the lock: two threads may build the same program, and the first one's is kept.
        let built = try build(source, in: context)
        return state.withLock { state in
            if let known = state.programs[source] { return known }
            state.programs[source] = built.program
            if built.fromDisk {
                state.statistics.loadedFromDisk += 1
            } else {
                state.statistics.builtFromSource += 1
            }
            return built.program
        }
    }

    private func build(_ source: ProgramSource, in context: borrowing CLContext) throws(SemblanceError)
        -> (program: Shared<CLProgram>, fromDisk: Bool)
    {
        let texts = source.files.compactMap(ProgramSource.text)
        guard texts.count == source.files.count else {
            throw SemblanceError(.internalFault, "there is no kernel file \(source.name).cl")
        }
        let options = source.options(for: device)
        let key = key(texts: texts, options: options)
        let insertion = faults.insertion(in: source.name)
        if insertion == nil, let binary = store?.load(key) {
            if let program = try? load(binary, options: options, in: context) { return (program, true) }
            store?.remove(key)
        }
        let program: Shared<CLProgram>
        do {
            program = try (insertion ?? []).withUnsafeBufferPointer { (insertion) throws(CLStatus) in
                let inserted = insertion.isEmpty ? [] : [insertion]
                return Shared(try create(texts.dropLast() + inserted + texts.suffix(1), in: context))
            }
        } catch {
            throw error.error("creating the program \(source.name).cl on \(device.device.name)")
        }
        var id: cl_device_id? = device.id
        let code = clBuildProgram(program.handle.id, 1, &id, options, nil, nil)
        guard code == 0 else {
            let status = CLStatus(rawValue: code)
            let log = log(of: program.handle)
            throw SemblanceError(
                .programBuildFailed,
                "\(source.name).cl does not build on \(device.device.name) with \(options): \(status)\n\(log)",
                remedy:
                    "report this with the driver's version (\(device.device.driver)); --device cpu needs no kernels",
                cause: status)
        }
        if let store, insertion == nil, let binary = binary(of: program.handle) {
            store.save(binary, for: key)
        }
        return (program, false)
    }

    /// Everything that decides what the compiler makes.
    private func key(texts: [UnsafeBufferPointer<CChar>], options: String) -> [UInt8] {
        let names = [device.device.platform, device.device.name, device.device.driver, options]
        return names.flatMap { Array($0.utf8) + [0] }
            + texts.flatMap { $0.map(UInt8.init(bitPattern:)) + [0] }
    }

    private func create(_ texts: [UnsafeBufferPointer<CChar>], in context: borrowing CLContext)
        throws(CLStatus)
        -> CLProgram
    {
        var code: cl_int = 0
        var starts = texts.map(\.baseAddress)
        var lengths = texts.map(\.count)
        guard let id = clCreateProgramWithSource(context.id, cl_uint(texts.count), &starts, &lengths, &code)
        else {
            throw CLStatus(rawValue: code)
        }
        return CLProgram(owning: id)
    }

    /// A program built from what `binary(of:)` gave, or from a text in that form.
    func load(_ binary: [UInt8], options: String, in context: borrowing CLContext) throws(CLStatus)
        -> Shared<CLProgram>
    {
        var code: cl_int = 0
        var id: cl_device_id? = device.id
        var size = binary.count
        let program = binary.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return clCreateProgramWithBinary(context.id, 1, &id, &size, &start, nil, &code)
        }
        guard let program else { throw CLStatus(rawValue: code) }
        let handle = CLProgram(owning: program)
        try check(code)
        try check(clBuildProgram(program, 1, &id, options, nil, nil))
        return Shared(handle)
    }

    /// What the driver would build the program from again: machine code, or a text such as PTX.
    func binary(of program: borrowing CLProgram) -> [UInt8]? {
        var size = 0
        let sizes = cl_program_info(CL_PROGRAM_BINARY_SIZES)
        guard clGetProgramInfo(program.id, sizes, MemoryLayout<Int>.size, &size, nil) == 0, size > 0 else {
            return nil
        }
        var bytes = [UInt8](repeating: 0, count: size)
        let code = bytes.withUnsafeMutableBufferPointer { buffer in
            var start = buffer.baseAddress
            return clGetProgramInfo(
                program.id, cl_program_info(CL_PROGRAM_BINARIES),
                MemoryLayout<UnsafeMutablePointer<UInt8>?>.size,
                &start, nil)
        }
        return code == 0 ? bytes : nil
    }

    /// The first lines of the compiler's messages.
    private func log(of program: borrowing CLProgram) -> String {
        let key = cl_program_build_info(CL_PROGRAM_BUILD_LOG)
        var size = 0
        guard clGetProgramBuildInfo(program.id, device.id, key, 0, nil, &size) == 0, size > 0 else {
            return ""
        }
        var bytes = [UInt8](repeating: 0, count: size)
        guard clGetProgramBuildInfo(program.id, device.id, key, size, &bytes, nil) == 0 else { return "" }
        let lines = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self).split(separator: "\n")
        return lines.prefix(8).joined(separator: "\n")
    }
}
