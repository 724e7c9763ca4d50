import Semblance
import SemblanceCore
import Testing

@Suite struct DeviceRequestTests {
    @Test(arguments: [
        ("auto", DeviceRequest.automatic), ("cpu", .cpu), ("gpu", .gpu), ("GPU", .gpu),
        ("opencl:0:0", .openCL(platform: 0, device: 0)), ("OpenCL:12:3", .openCL(platform: 12, device: 3)),
    ])
    func readsWhatItWrites(text: String, request: DeviceRequest) throws {
        #expect(try DeviceRequest(parsing: text) == request)
        #expect(request.description == text.lowercased())
        #expect(try DeviceRequest.fromEnvironment(["SEMBLANCE_DEVICE": text]) == request)
    }

    @Test(arguments: [
        "", "cuda", "cpu:0", "gpu:1", "auto:", "opencl", "opencl:0", "opencl:0:", "opencl::0", "opencl:a:0",
        "opencl:-1:0", "opencl:0:-1", "opencl:0:0:0", "opencl:99999999999999999999:0", " cpu",
    ])
    func refusesTheRest(text: String) {
        let error = #expect(throws: SemblanceError.self) { try DeviceRequest(parsing: text) }
        #expect(error?.code == .usage)
        #expect(error?.message.contains("\"\(text)\"") == true)
        #expect(error?.remedy?.contains("opencl:PLATFORM:DEVICE") == true)
    }

    @Test func theEnvironmentDecidesOnlyWhereItSaysSomething() throws {
        #expect(try DeviceRequest.fromEnvironment([:]) == .automatic)
        #expect(try DeviceRequest.fromEnvironment(["SEMBLANCE_DEVICE": ""]) == .automatic)
        #expect(errorCode { _ = try DeviceRequest.fromEnvironment(["SEMBLANCE_DEVICE": "tpu"]) } == .usage)
    }

    private func devices(_ kinds: [Device.Kind]) -> [Device] {
        kinds.enumerated().map { index, kind in
            Device(
                kind: kind, identifier: "opencl:0:\(index)", name: "device \(index)", platform: "P",
                driver: "1")
        }
    }

    @Test func anyDeviceStandsInForAGPUOnlyWhereThatIsWanted() throws {
        func chosen(_ request: DeviceRequest, _ kinds: [Device.Kind], orAny: Bool) throws -> String {
            try request.choose(from: devices(kinds), { $0 }, orAny: orAny).identifier
        }
        #expect(try chosen(.automatic, [.cpu, .gpu], orAny: true) == "opencl:0:1")
        #expect(try chosen(.automatic, [.accelerator, .cpu], orAny: true) == "opencl:0:0")
        #expect(try chosen(.openCL(platform: 0, device: 1), [.gpu, .cpu], orAny: true) == "opencl:0:1")
        #expect(errorCode { _ = try chosen(.gpu, [.cpu], orAny: true) } == .deviceUnavailable)
        #expect(errorCode { _ = try chosen(.automatic, [.cpu], orAny: false) } == .deviceUnavailable)
        #expect(errorCode { _ = try chosen(.automatic, [], orAny: true) } == .deviceUnavailable)
    }

    @Test(arguments: [true, false])
    func aMissingDeviceIsToldWithWhatThereIs(orCPU: Bool) {
        let error = #expect(throws: SemblanceError.self) {
            try DeviceRequest.gpu.choose(from: devices([.cpu]), { $0 }, orCPU: orCPU)
        }
        #expect(error?.message == "there is no GPU: OpenCL has only device 0 [cpu]")
        #expect(error?.remedy?.contains("choose from opencl:0:0 (device 0)") == true)
        #expect(error?.remedy?.contains("--device cpu") == orCPU)
    }
}
