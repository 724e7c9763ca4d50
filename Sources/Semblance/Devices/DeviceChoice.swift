import SemblanceCore

extension DeviceRequest {
    /// The candidate that the request names by number or, in all other cases, the first GPU.
    /// - Parameters:
    ///   - device: what a candidate is.
    ///   - orAny: whether `automatic` takes an OpenCL device of any kind where there is no GPU.
    ///   - orCPU: whether the CPU through oneDNN would serve as well, which the error then recommends.
    /// - Throws: `deviceUnavailable` where there is none.
    package func choose<Candidate>(
        from candidates: [Candidate], _ device: (Candidate) -> Device, orAny: Bool = false,
        orCPU: Bool = true
    ) throws(SemblanceError) -> Candidate {
        let devices = candidates.map(device)
        let gpu = devices.firstIndex { $0.kind == .gpu }
        let place: Int?
        let absence: String
        switch self {
        case .openCL:
            place = devices.firstIndex { $0.identifier == description }
            absence = "there is no OpenCL device \(self)"
        case .automatic where orAny:
            place = gpu ?? devices.indices.first
            absence = "there is no OpenCL device"
        case .automatic, .gpu, .cpu:
            place = gpu
            absence = "there is no GPU: \(devices.absenceOfGPU)"
        }
        if let place { return candidates[place] }
        let names = devices.map { "\($0.identifier) (\($0.name))" }.joined(separator: ", ")
        var ways = ["install an OpenCL driver that offers one"]
        if !names.isEmpty { ways.append("choose from \(names)") }
        if orCPU { ways.append("use --device cpu") }
        throw SemblanceError(.deviceUnavailable, absence, remedy: ways.joined(separator: ", or "))
    }
}

extension [Device] {
    /// Why there is no GPU among OpenCL's devices.
    package var absenceOfGPU: String {
        guard !isEmpty else { return "no OpenCL platform or device is installed" }
        let names = map { "\($0.name) [\($0.kind.rawValue)]" }
        return "OpenCL has only \(names.joined(separator: ", "))"
    }
}
