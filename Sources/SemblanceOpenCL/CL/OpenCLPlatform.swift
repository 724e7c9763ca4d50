import COpenCL
import SemblanceCore

/// An installed OpenCL implementation and its devices.
package struct OpenCLPlatform: Sendable {
    package var name: String
    package var version: String
    package var devices: [OpenCLDevice]
    /// What could not be asked: devices that have disappeared, for one. The others are there all the same.
    package var problems: [String] = []

    /// All platforms in the loader's order; none where no implementation is installed.
    /// - Throws: `deviceFault` where the loader itself fails.
    package static func all() throws(SemblanceError) -> [OpenCLPlatform] {
        do {
            return try enumerate()
        } catch {
            throw error.error("listing the OpenCL platforms")
        }
    }

    private static func enumerate() throws(CLStatus) -> [OpenCLPlatform] {
        var count: cl_uint = 0
        do {
            try check(clGetPlatformIDs(0, nil, &count))
        } catch CLStatus.platformNotFound {
            return []
        }
        var ids = [cl_platform_id?](repeating: nil, count: Int(count))
        guard count > 0 else { return [] }
        try check(clGetPlatformIDs(count, &ids, nil))
        var platforms: [OpenCLPlatform] = []
        for (index, id) in ids.enumerated() {
            platforms.append(platform(id, index))
        }
        return platforms
    }

    private static func platform(_ id: cl_platform_id?, _ index: Int) -> OpenCLPlatform {
        var platform = OpenCLPlatform(name: "platform \(index)", version: "", devices: [])
        do {
            platform.name = try string {
                clGetPlatformInfo(id, cl_platform_info(CL_PLATFORM_NAME), $0, $1, $2)
            }
            platform.version = try string {
                clGetPlatformInfo(id, cl_platform_info(CL_PLATFORM_VERSION), $0, $1, $2)
            }
            for (position, device) in try deviceIDs(of: id).enumerated() {
                let identifier = "opencl:\(index):\(position)"
                do {
                    platform.devices.append(
                        try OpenCLDevice(device, platform: platform.name, identifier: identifier))
                } catch {
                    platform.problems.append("\(identifier) does not answer: \(error)")
                }
            }
        } catch {
            platform.problems.append("\(platform.name) does not answer: \(error)")
        }
        return platform
    }

    private static func deviceIDs(of platform: cl_platform_id?) throws(CLStatus) -> [cl_device_id] {
        let all = cl_device_type(CL_DEVICE_TYPE_ALL)
        var count: cl_uint = 0
        do {
            try check(clGetDeviceIDs(platform, all, 0, nil, &count))
        } catch CLStatus.deviceNotFound {
            return []
        }
        var ids = [cl_device_id?](repeating: nil, count: Int(count))
        try check(clGetDeviceIDs(platform, all, count, &ids, nil))
        return ids.compactMap { $0 }
    }
}

/// A device of a platform, and what the engine needs to know of it.
package struct OpenCLDevice: @unchecked Sendable {
    package let id: cl_device_id
    package let device: Device
    package let traits: DeviceTraits
    /// Bytes; the largest single buffer.
    package let maxAllocation: Int
    /// Bytes that a sub-buffer's offset must be a multiple of.
    package let alignment: Int
    /// Whether division and square root can be asked to round correctly.
    package let roundsDivision: Bool
    /// Whether numbers too small for the usual form are kept rather than taken for zero.
    package let keepsSubnormals: Bool
    /// The OpenCL version that it implements, as it says.
    package let version: String
    package let extensions: Set<String>

    init(_ id: cl_device_id, platform: String, identifier: String) throws(CLStatus) {
        func text(_ key: Int32) throws(CLStatus) -> String {
            try string { clGetDeviceInfo(id, cl_device_info(key), $0, $1, $2) }
        }
        func number<Number: FixedWidthInteger>(_ key: Int32, _ type: Number.Type) throws(CLStatus) -> Int {
            var value: Number = 0
            try check(clGetDeviceInfo(id, cl_device_info(key), MemoryLayout<Number>.size, &value, nil))
            return Int(clamping: value)
        }
        self.id = id
        let type = cl_device_type(try number(CL_DEVICE_TYPE, cl_device_type.self))
        let isGPU = type & cl_device_type(CL_DEVICE_TYPE_GPU) != 0
        let isCPU = type & cl_device_type(CL_DEVICE_TYPE_CPU) != 0
        device = Device(
            kind: isGPU ? .gpu : isCPU ? .cpu : .accelerator, identifier: identifier,
            name: try text(CL_DEVICE_NAME), platform: platform, driver: try text(CL_DRIVER_VERSION),
            memory: try number(CL_DEVICE_GLOBAL_MEM_SIZE, cl_ulong.self))
        traits = DeviceTraits(
            isGPU: isGPU, maxWorkGroup: try number(CL_DEVICE_MAX_WORK_GROUP_SIZE, Int.self),
            localMemory: try number(CL_DEVICE_LOCAL_MEM_SIZE, cl_ulong.self),
            computeUnits: try number(CL_DEVICE_MAX_COMPUTE_UNITS, cl_uint.self))
        maxAllocation = try number(CL_DEVICE_MAX_MEM_ALLOC_SIZE, cl_ulong.self)
        alignment = max(try number(CL_DEVICE_MEM_BASE_ADDR_ALIGN, cl_uint.self) / 8, 64)
        let floatConfiguration = try number(CL_DEVICE_SINGLE_FP_CONFIG, cl_device_fp_config.self)
        roundsDivision = floatConfiguration & Int(CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT) != 0
        keepsSubnormals = floatConfiguration & Int(CL_FP_DENORM) != 0
        version = try text(CL_DEVICE_VERSION).split(separator: " ").joined(separator: " ")
        extensions = Set(try text(CL_DEVICE_EXTENSIONS).split(separator: " ").map(String.init))
    }
}

/// A string that OpenCL tells in two calls: its size, then its bytes.
private func string(
    _ query: (Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?) -> cl_int
) throws(CLStatus) -> String {
    var size = 0
    try check(query(0, nil, &size))
    var bytes = [UInt8](repeating: 0, count: size)
    try check(query(size, &bytes, nil))
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
}
