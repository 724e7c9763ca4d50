import COpenCL
import SemblanceCore

extension OpenCLBackend {
    /// Where what a GPU's driver does is not what it says: a sentence each.
    package func probedQuirks() -> [String] {
        // Others print the compiler's messages, and are asked for by name only.
        guard traits.isGPU else { return [] }
        let half = """
            #ifdef cl_khr_fp16
            #pragma OPENCL EXTENSION cl_khr_fp16 : enable
            #endif
            __kernel void probe(__global half *x) { x[get_global_id(0)] = x[get_global_id(0)] * x[0] + x[1]; }
            """
        switch (opencl.hasHalfPrecision, compiles(half)) {
        case (false, true):
            return ["half arithmetic compiles although cl_khr_fp16 is not reported"]
        case (true, false):
            return ["cl_khr_fp16 is reported, and half arithmetic does not compile"]
        default: return []
        }
    }

    private func compiles(_ text: String) -> Bool {
        var text = text.utf8.map(CChar.init(bitPattern:))
        var length = text.count
        let program = text.withUnsafeMutableBufferPointer { text in
            var start = UnsafePointer(text.baseAddress)
            return clCreateProgramWithSource(context.id, 1, &start, &length, nil)
        }
        guard let program else { return false }
        let owned = CLProgram(owning: program)
        var id: cl_device_id? = opencl.id
        return clBuildProgram(owned.id, 1, &id, "-cl-std=CL1.2", nil, nil) == 0
    }
}
