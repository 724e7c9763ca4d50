import COpenCL
import SemblanceCore
import SemblanceOpenCL
import Testing

@Suite struct StatusTests {
    @Test func codesBecomeErrorsThatNameTheSubject() {
        #expect(throws: Never.self) { try check(0) }
        #expect(throws: CLStatus.invalidBinary) { try check(-42) }
        let memory = CLStatus.memoryAllocationFailure.error("conv1 on X")
        #expect(memory.code == .outOfMemory)
        #expect(memory.message.contains("conv1 on X"))
        #expect(CLStatus.outOfResources.error("conv1").code == .deviceFault)
        // In a run everything is allocated already: whatever comes is the device's fault.
        #expect(CLStatus.memoryAllocationFailure.fault("conv1").code == .deviceFault)
        #expect(CLStatus(rawValue: -2043).description == "CLBlast status -2043")
        #expect(CLStatus(rawValue: -9999).description.contains("-9999"))
    }
}

@Suite(.needsOpenCL) struct HandleTests {
    @Test func devicesAreNamedByTheirPlace() throws {
        for (index, platform) in try OpenCLPlatform.all().enumerated() {
            for (position, device) in platform.devices.enumerated() {
                #expect(device.device.identifier == "opencl:\(index):\(position)")
                #expect(device.device.platform == platform.name)
                #expect(!device.device.name.isEmpty)
                #expect(device.traits.maxWorkGroup > 0 && device.maxAllocation > 0)
                if platform.name.contains("Portable Computing Language") {
                    #expect(device.device.kind == .cpu)
                }
            }
        }
    }

    @Test func buffersAreReleasedWithTheirHandles() throws {
        let device = try TestDevice.device()
        let context = try CLContext(device: device.id)
        func references(_ id: cl_mem) -> cl_uint {
            var count: cl_uint = 0
            clGetMemObjectInfo(
                id, cl_mem_info(CL_MEM_REFERENCE_COUNT), MemoryLayout<cl_uint>.size, &count, nil)
            return count
        }
        let parent = Shared(try CLBuffer(context: context, size: 4096))
        let id = parent.handle.id
        #expect(clRetainMemObject(id) == 0)
        let before = references(id)
        do {
            let part = try CLBuffer(part: 1024..<2048, of: parent.handle)
            #expect(part.size == 1024)
        }
        #expect(references(id) == before)
        #expect(clReleaseMemObject(id) == 0)
        #expect(references(id) == before - 1)
    }

}
