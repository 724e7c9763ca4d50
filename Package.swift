// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "Semblance",
    products: [
        .library(name: "Semblance", targets: ["Semblance"]),
        .executable(name: "semblance", targets: ["SemblanceCLI"]),
    ],
    targets: [
        // System libraries: a module map and a shim each.
        .systemLibrary(name: "COpenCL"),
        .systemLibrary(name: "CCLBlast"),
        .systemLibrary(name: "COneDNN"),
        .systemLibrary(name: "CTurboJPEG"),
        .systemLibrary(name: "CPNG"),
        .systemLibrary(name: "CExif"),
        .systemLibrary(name: "CSQLite"),

        // What of CLBlast only its C++ interface has.
        .target(name: "CCLBlastParameters", linkerSettings: [.linkedLibrary("clblast")]),

        // OpenCL sources embedded in the program, so that it needs no file at run time.
        .target(name: "CKernels"),

        // Loops of the CPU backend, compiled for several processors.
        .target(name: "CVectorKernels"),

        .target(name: "SemblanceCore"),
        .target(name: "SemblanceCPU", dependencies: ["SemblanceCore", "COneDNN", "CVectorKernels"]),
        .target(
            name: "SemblanceOpenCL",
            dependencies: ["SemblanceCore", "COpenCL", "CCLBlast", "CCLBlastParameters", "CKernels"]),
        .target(
            name: "SemblanceImaging",
            dependencies: ["SemblanceCore", "CTurboJPEG", "CPNG", "CExif"]),
        .target(name: "SemblanceONNX", dependencies: ["SemblanceCore"]),
        .target(name: "SemblanceGallery", dependencies: ["SemblanceCore", "CSQLite"]),
        .target(name: "SemblanceTraining", dependencies: ["SemblanceCore", "SemblanceImaging"]),
        .target(
            name: "Semblance",
            dependencies: [
                "SemblanceCore", "SemblanceCPU", "SemblanceOpenCL", "SemblanceImaging",
                "SemblanceONNX", "SemblanceTraining", "SemblanceGallery",
            ]),
        // The table of operation cases, the double-precision reference and the tolerances, which tests and `doctor` share.
        .target(name: "SemblanceVerification", dependencies: ["SemblanceCore"]),
        .target(
            name: "SemblanceDoctor",
            dependencies: [
                "Semblance", "SemblanceCore", "SemblanceOpenCL", "SemblanceImaging", "SemblanceTraining",
                "SemblanceVerification",
            ]),
        .target(
            name: "SemblanceTuning",
            dependencies: [
                "Semblance", "SemblanceCore", "SemblanceOpenCL", "SemblanceTraining", "SemblanceVerification",
            ]),
        .executableTarget(
            name: "SemblanceCLI",
            dependencies: ["Semblance", "SemblanceDoctor", "SemblanceTuning", "SemblanceVerification"]),

        // What a user of the library would write.
        .executableTarget(name: "RecogniseExample", dependencies: ["Semblance"], path: "Examples/Recognise"),
        .executableTarget(name: "TrainExample", dependencies: ["Semblance"], path: "Examples/Train"),

        // What several test targets need besides.
        .target(
            name: "SemblanceTestSupport", dependencies: ["SemblanceCore", "SemblanceVerification"],
            path: "Tests/SemblanceTestSupport", exclude: ["opencv_faces.py", "run_onnx.py"]),
        .testTarget(
            name: "SemblanceCoreTests",
            dependencies: ["SemblanceCore", "SemblanceTestSupport", "SemblanceTraining"]),
        // Counts the OpenCL calls of the test program and of CLBlast.
        .target(name: "CallCounter", dependencies: ["COpenCL"], path: "Tests/CallCounter"),
        .testTarget(
            name: "SemblanceOpenCLTests",
            dependencies: [
                "SemblanceCore", "SemblanceOpenCL", "SemblanceTestSupport", "SemblanceTuning", "CallCounter",
                "CKernels",
            ]),
        .testTarget(
            name: "SemblanceImagingTests", dependencies: ["SemblanceCore", "SemblanceImaging"],
            exclude: ["generate_images.py", "Images"]),
        .testTarget(
            name: "SemblanceBackendTests",
            dependencies: [
                "SemblanceCore", "SemblanceCPU", "SemblanceOpenCL", "SemblanceTraining",
                "SemblanceTestSupport",
            ],
            exclude: ["Vectors", "generate_torch_vectors.py"]),
        // Damaged and malicious model files; `make fuzz` tries them for as long as one likes.
        .target(
            name: "ONNXFuzzing", dependencies: ["SemblanceONNX", "SemblanceCore"], path: "Tests/ONNXFuzzing"),
        .executableTarget(name: "FuzzONNX", dependencies: ["ONNXFuzzing"], path: "Tests/FuzzONNX"),
        .testTarget(
            name: "SemblanceONNXTests",
            dependencies: [
                "SemblanceONNX", "SemblanceCore", "SemblanceCPU", "SemblanceTestSupport", "ONNXFuzzing",
            ],
            exclude: ["Forms", "Graphs", "export_graphs.py", "make_forms.py", "open_graph.py"]),
        .testTarget(
            name: "SemblanceTests",
            dependencies: [
                "Semblance", "SemblanceCPU", "SemblanceDoctor", "SemblanceOpenCL", "SemblanceONNX",
                "SemblanceTestSupport",
            ]),
        .testTarget(
            name: "SemblanceCLITests",
            dependencies: [
                "SemblanceCLI", "Semblance", "SemblanceTestSupport", "RecogniseExample", "TrainExample",
            ]),
        // Enrolls until it is killed: what the tests run as a process of its own.
        .executableTarget(
            name: "GalleryWriter", dependencies: ["SemblanceGallery", "SemblanceCore"],
            path: "Tests/GalleryWriter"),
        .testTarget(
            name: "SemblanceGalleryTests",
            dependencies: [
                "SemblanceCore", "SemblanceGallery", "SemblanceCPU", "SemblanceOpenCL",
                "SemblanceTestSupport",
                "GalleryWriter",
            ]),
        .testTarget(
            name: "SemblanceTrainingTests",
            dependencies: ["SemblanceCore", "SemblanceCPU", "SemblanceImaging", "SemblanceTraining"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c2x
)
