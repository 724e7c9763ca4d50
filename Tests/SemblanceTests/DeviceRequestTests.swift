import Semblance
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
}
