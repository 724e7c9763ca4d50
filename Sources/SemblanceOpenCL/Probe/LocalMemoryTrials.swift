import SemblanceCore

extension ProbeTrial {
    private static let group = "local memory"

    /// Declared in the program, and in larger sizes as an argument: 227 KiB is what a work-group of a Hopper GPU can have.
    static let localMemory: [ProbeTrial] =
        [trial(kibibytes: 48, isDeclared: true)]
        + [16, 48, 64, 96, 128, 160, 192, 227].map { trial(kibibytes: $0, isDeclared: false) }

    private static func trial(kibibytes: Int, isDeclared: Bool) -> ProbeTrial {
        let bytes = kibibytes << 10
        return ProbeTrial(
            group: group, name: "\(kibibytes) KiB, \(isDeclared ? "declared" : "as an argument")",
            obstacle: { device in
                // Some GPUs have more than they say; elsewhere it is ordinary memory, and what is said holds.
                guard !device.traits.isGPU, device.traits.localMemory < bytes else { return nil }
                return "the device reports \(device.traits.localMemory >> 10) KiB"
            }
        ) { (bench) throws(SemblanceError) in
            let groups = 4, words = bytes / 4, local = min(256, bench.device.traits.maxWorkGroup)
            let seed = UInt32.random(in: .min ... .max, using: &bench.random)
            let result = try bench.results(groups * words, UInt32.self)
            let program = try bench.program("probe", isDeclared ? ["BYTES": bytes] : [:])
            let kernel = try bench.kernel(
                "fill_local", of: program,
                [.buffer(result), .uint(words), .uint(Int(seed))] + (isDeclared ? [] : [.local(bytes: bytes)])
            )
            try bench.enqueue(kernel, global: groups * local, local: local)
            let want = (0..<UInt32(groups)).flatMap { group in
                (0..<UInt32(words)).reversed().map { ($0 &+ seed) &* 2_654_435_761 ^ group }
            }
            return bench.compare(try bench.read(result, want.count, like: UInt32(0)), want)
        }
    }
}
