import COpenCL
import SemblanceCore

/// What an OpenCL call returned. CLBlast's codes include OpenCL's and go on from -1007 to -1024 and from -2039 to -2050.
package struct CLStatus: RawRepresentable, Error, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let success = CLStatus(rawValue: 0)
    package static let deviceNotFound = CLStatus(rawValue: -1)
    package static let deviceNotAvailable = CLStatus(rawValue: -2)
    package static let compilerNotAvailable = CLStatus(rawValue: -3)
    package static let memoryAllocationFailure = CLStatus(rawValue: -4)
    package static let outOfResources = CLStatus(rawValue: -5)
    package static let outOfHostMemory = CLStatus(rawValue: -6)
    package static let profilingNotAvailable = CLStatus(rawValue: -7)
    package static let buildProgramFailure = CLStatus(rawValue: -11)
    package static let misalignedSubBuffer = CLStatus(rawValue: -13)
    package static let executionFailed = CLStatus(rawValue: -14)
    package static let invalidValue = CLStatus(rawValue: -30)
    package static let invalidBinary = CLStatus(rawValue: -42)
    package static let invalidBuildOptions = CLStatus(rawValue: -43)
    package static let invalidProgramExecutable = CLStatus(rawValue: -45)
    package static let invalidKernelName = CLStatus(rawValue: -46)
    package static let invalidKernelArguments = CLStatus(rawValue: -52)
    package static let invalidWorkGroupSize = CLStatus(rawValue: -54)
    package static let invalidWorkItemSize = CLStatus(rawValue: -55)
    package static let invalidBufferSize = CLStatus(rawValue: -61)
    /// The loader found no platform: no fault, the answer is "none".
    package static let platformNotFound = CLStatus(rawValue: -1001)

    /// CL_... for the codes named above, the number for the rest.
    package var description: String {
        let names: [CLStatus: String] = [
            .success: "CL_SUCCESS",
            .deviceNotFound: "CL_DEVICE_NOT_FOUND",
            .deviceNotAvailable: "CL_DEVICE_NOT_AVAILABLE",
            .compilerNotAvailable: "CL_COMPILER_NOT_AVAILABLE",
            .memoryAllocationFailure: "CL_MEM_OBJECT_ALLOCATION_FAILURE",
            .outOfResources: "CL_OUT_OF_RESOURCES",
            .outOfHostMemory: "CL_OUT_OF_HOST_MEMORY",
            .profilingNotAvailable: "CL_PROFILING_INFO_NOT_AVAILABLE",
            .buildProgramFailure: "CL_BUILD_PROGRAM_FAILURE",
            .misalignedSubBuffer: "CL_MISALIGNED_SUB_BUFFER_OFFSET",
            .executionFailed: "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST",
            .invalidValue: "CL_INVALID_VALUE",
            .invalidBinary: "CL_INVALID_BINARY",
            .invalidBuildOptions: "CL_INVALID_BUILD_OPTIONS",
            .invalidProgramExecutable: "CL_INVALID_PROGRAM_EXECUTABLE",
            .invalidKernelName: "CL_INVALID_KERNEL_NAME",
            .invalidKernelArguments: "CL_INVALID_KERNEL_ARGS",
            .invalidWorkGroupSize: "CL_INVALID_WORK_GROUP_SIZE",
            .invalidWorkItemSize: "CL_INVALID_WORK_ITEM_SIZE",
            .invalidBufferSize: "CL_INVALID_BUFFER_SIZE",
            .platformNotFound: "CL_PLATFORM_NOT_FOUND_KHR",
        ]
        return names[self] ?? "\(isOfCLBlast ? "CLBlast" : "OpenCL") status \(rawValue)"
    }

    /// Whether it is a code of CLBlast's own: it refuses what it was asked.
    package var isOfCLBlast: Bool { (-1024 ... -1007 ~= rawValue) || (-2050 ... -2039 ~= rawValue) }

    /// Whether memory ran out rather than something broke.
    package var isMemoryShortage: Bool {
        [.memoryAllocationFailure, .outOfHostMemory, .invalidBufferSize].contains(self)
    }

    /// The engine's error for a status at preparation or transfer, where `subject` names the operation, kernel or transfer and the
    /// device.
    package func error(_ subject: String) -> SemblanceError {
        guard isMemoryShortage else { return fault(subject) }
        return SemblanceError(
            .outOfMemory, "\(subject): not enough memory (\(self))",
            remedy: "use a smaller batch or another device", cause: self)
    }

    /// The engine's error for a status in a run, where everything is allocated: the device's fault whatever it says.
    package func fault(_ subject: String) -> SemblanceError {
        SemblanceError(
            .deviceFault, "\(subject): \(self)",
            remedy: "check the driver's log; --device cpu runs without OpenCL", cause: self)
    }
}

/// - Throws: the status, where it is not success.
package func check(_ code: cl_int) throws(CLStatus) {
    guard code == 0 else { throw CLStatus(rawValue: code) }
}
