import Foundation
import Semblance
import SemblanceCore
import SemblanceDoctor
import SemblanceImaging
import SemblanceOpenCL
import SemblanceTestSupport
import Testing

/// Embeddings that are compared with the CPU's while a device works, and caches that cannot be used.
@Suite(.needsOpenCL) struct SpotCheckTests {
    private let seed = freshSeed("spot checks")

    private func photos(
        _ request: DeviceRequest, _ faults: FaultInjection = FaultInjection(), quantised: Bool = false
    ) throws -> PhotoRecognizer {
        let device = try SelectedDevice(request, catalogue: FakeDevices.catalogue(faults))
        var model = try tinyModel(seed: seed)
        if quantised {
            let views = faces(16, seed: seed).map { ImageView($0.resized(width: 32, height: 32)) }
            model = try Quantiser(model, on: SelectedDevice(.cpu)).quantised(views, allowedDifference: 0.5)
        }
        return try PhotoRecognizer(FaceRecognizer(model: model, device: device), detector: nil, crop: 0.8)
    }

    private func check(_ photos: PhotoRecognizer, every interval: Int, images: Int) throws
        -> (check: SpotCheck, found: [SpotCheck.Disagreement])
    {
        var check = try SpotCheck(photos, every: interval)
        var found: [SpotCheck.Disagreement] = []
        for (index, image) in faces(images, seed: seed).enumerated() {
            found += try check.check("\(index).png", image, photos.recognize([image])[0].get())
        }
        return (check, found)
    }

    @Test(arguments: [false, true])
    func aRightDeviceAgrees(quantised: Bool) throws {
        let (check, found) = try check(photos(.gpu, quantised: quantised), every: 3, images: 7)
        #expect(check.checked == 3 && check.disagreements == 0 && found.isEmpty)
        #expect(check.lowestCosine > (quantised ? 0.998 : 0.9999) && check.largestDifference > 0)
    }

    @Test(arguments: [false, true])
    func aWrongKernelIsFound(quantised: Bool) throws {
        var faults = FaultInjection()
        faults.insertions["gemm"] = "#undef fma\n#define fma(a, b, c) ((a) * fabs(b) + (c))"
        let (check, found) = try check(photos(.gpu, faults, quantised: quantised), every: 2, images: 5)
        #expect(check.checked == 3 && check.disagreements == 3)
        #expect(found.map(\.image) == ["0.png", "2.png", "4.png"])
        #expect(found.allSatisfy { $0.face == 0 && $0.cosine < 0.998 && $0.difference > 0 })
    }

    @Test func onTheCPUThereIsNothingToCheck() throws {
        let (check, found) = try check(photos(.cpu), every: 1, images: 2)
        #expect(!check.isUseful && check.checked == 0 && found.isEmpty)
    }

    /// A recogniser on a device whose programs are kept in a folder.
    private func recognizer(_ folder: String, _ lines: Lines) throws -> FaceRecognizer {
        let device = try FakeDevices.device()
        let catalogue = DeviceCatalogue(
            openCL: { () throws(SemblanceError) in
                [
                    DeviceCatalogue.Offer(device: device.device) { () throws(SemblanceError) in
                        try OpenCLBackend(device, binaries: .folder(folder))
                    }
                ]
            }, cpu: FakeDevices.cpu)
        let selected = try SelectedDevice(FakeDevices.byNumber(), catalogue: catalogue) { lines.add($0) }
        return try FaceRecognizer(model: tinyModel(seed: seed), device: selected)
    }

    @Test func aCacheThatCannotBeWrittenIsToldOnce() throws {
        let lines = Lines(), images = faces(1, seed: seed)
        let got = try recognizer("/dev/null/cache", lines).embed(images)[0]
        #expect(lines.all.count == 1, "\(lines.all)")
        #expect(lines.all[0].contains("/dev/null/cache") && lines.all[0].contains("SEMBLANCE_CACHE"))
        let cpu = try FaceRecognizer(model: tinyModel(seed: seed), device: SelectedDevice(.cpu))
        #expect(cosine(got.values, try cpu.embed(images)[0].values) > 0.9999)
    }

    @Test func aDamagedCacheIsToldOnce() throws {
        try withTemporaryFolder { folder in
            let lines = Lines(), images = faces(1, seed: seed)
            let first = try recognizer(folder, lines).embed(images)[0]
            #expect(lines.all.isEmpty)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(files.count > 1)
            for file in files { try Data("damaged".utf8).write(to: URL(filePath: folder + "/" + file)) }
            #expect(try recognizer(folder, lines).embed(images)[0].values == first.values)
            #expect(lines.all.count == 1 && lines.all[0].contains("is damaged"))
            // It was made good.
            #expect(try recognizer(folder, lines).embed(images)[0].values == first.values)
            #expect(lines.all.count == 1)
        }
    }
}
