import SemblanceCore

extension Lowering {
    /// The elements that a 32-bit index counts; kernels are built with `WIDE` for larger tensors.
    private static let wideCount = 1 << 31

    func indexDefines(_ tensors: [DeviceTensor]) -> [String: Int] {
        tensors.contains { $0.count >= Self.wideCount } ? ["WIDE": 1] : [:]
    }

    /// Launches a kernel whose work-items each compute `VECTOR` elements of its last tensor. The kernel's parameters are the
    /// tensors, the scalars and the number of vectors (`ulong`).
    /// - Parameter run: how many consecutive elements a work-item may take together, starting from any multiple of that number: the
    ///   whole count for purely elementwise kernels, a plane where parameters differ by channel, 1 for kernels without vectors.
    mutating func launchElements(
        _ source: String, _ function: String, defines: [String: Int] = [:], _ tensors: [DeviceTensor],
        _ scalars: [KernelArgument] = [], run: Int = 1
    ) {
        guard let count = tensors.last?.count, count > 0 else { return }
        // Tensors of another size are read one element at a time.
        let aligned = tensors.allSatisfy { $0.count != count || $0.offset % 4 == 0 }
        let vector = run % 4 == 0 && aligned ? 4 : 1
        launchItems(
            source, function, defines: defines.merging(["VECTOR": vector]) { $1 }, tensors, scalars,
            count: count / vector)
    }

    /// Launches `count` work-items, rounded up to whole groups. The kernel's parameters are the tensors, the scalars and
    /// `count` (`ulong`), which it compares its global id with.
    mutating func launchItems(
        _ source: String, _ function: String, defines: [String: Int], _ tensors: [DeviceTensor],
        _ scalars: [KernelArgument], count: Int
    ) {
        guard count > 0 else { return }
        let group = traits.flatGroup
        launch(
            KernelLaunch(
                source, function, defines: defines.merging(indexDefines(tensors)) { $1 },
                arguments: tensors.map { .tensor($0) } + scalars + [.ulong(count)],
                global: [(count + group - 1) / group * group], local: [group]))
    }

    /// Launches work-groups that reduce, `rows` x `splits` of them.
    mutating func launchGroups(
        _ source: String, _ function: String, defines: [String: Int] = [:], _ tensors: [DeviceTensor],
        _ scalars: [KernelArgument], rows: Int, splits: Int = 1, group: Int
    ) {
        guard rows > 0 else { return }
        let all = defines.merging(["GROUP": group]) { $1 }.merging(indexDefines(tensors)) { $1 }
        launch(
            KernelLaunch(
                source, function, defines: all, arguments: tensors.map { .tensor($0) } + scalars,
                global: [rows * group, splits], local: [group, 1]))
    }
}
