import Foundation

/// ONNX Runtime, through a Python interpreter that has it.
package enum ONNXRuntime {
    /// SEMBLANCE_PYTHON, or the virtual environment in the package's folder.
    package static let python: String? = {
        if let path = ProcessInfo.processInfo.environment["SEMBLANCE_PYTHON"] { return path }
        let path = committed("../../.venv/bin/python")
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// All outputs, one after the other.
    package static func run(model: String, input: [Float], batch: Int) throws -> [Float] {
        try withTemporaryFolder { folder in
            let inputPath = folder + "/input", outputPath = folder + "/output"
            try input.withUnsafeBytes { try Data($0).write(to: URL(filePath: inputPath)) }
            try runScript(committed("run_onnx.py"), [model, inputPath, outputPath, String(batch)])
            return try floats(of: outputPath)
        }
    }

    /// Runs a Python script in the environment that has ONNX Runtime.
    /// - Returns: what it printed.
    @discardableResult
    package static func runScript(_ script: String, _ arguments: [String]) throws -> String {
        guard let python else { throw Failure(description: "there is no Python") }
        return try withTemporaryFolder { folder in
            // Files instead of pipes: nothing to fill up and wait for.
            let paths = [folder + "/output", folder + "/messages"]
            let handles = try paths.map { path in
                _ = FileManager.default.createFile(atPath: path, contents: nil)
                return try FileHandle(forWritingTo: URL(filePath: path))
            }
            let process = Process()
            process.executableURL = URL(filePath: python)
            process.arguments = [script] + arguments
            (process.standardOutput, process.standardError) = (handles[0], handles[1])
            try process.run()
            process.waitUntilExit()
            let texts = try paths.map { try String(contentsOfFile: $0, encoding: .utf8) }
            guard process.terminationStatus == 0 else { throw Failure(description: texts[1]) }
            return texts[0]
        }
    }

    package static func floats(of path: String) throws -> [Float] {
        let data = try Data(contentsOf: URL(filePath: path))
        return [Float](unsafeUninitializedCapacity: data.count / 4) { buffer, count in
            count = data.copyBytes(to: buffer) / 4
        }
    }
}
