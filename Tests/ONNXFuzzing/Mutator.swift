import SemblanceCore

/// Makes damaged and malicious files of sound ones. The same seed and number give the same file.
package struct Mutator {
    private let seed: UInt64
    private let specimens: [[UInt8]]
    private let trees: [MessageTree]
    private let operatorNames: [[UInt8]]
    private let attributes: [MessageTree.Field]

    /// - Parameter specimens: sound files, of which at least one must be there.
    package init(specimens: [[UInt8]], seed: UInt64) {
        self.seed = seed
        self.specimens = specimens
        trees = specimens.compactMap { MessageTree($0[...]) }
        operatorNames = Set(trees.flatMap { $0.strings([7, 1], [4]) }).sorted {
            $0.lexicographicallyPrecedes($1)
        }
        attributes = trees.flatMap { $0.nodes.flatMap { node in node.indices(5).map { node.fields[$0] } } }
    }

    /// A file, and the input shape to read it with: mostly the file's own.
    package func mutant(_ number: Int) -> (bytes: [UInt8], inputShape: Shape?) {
        var random = RandomSource(seed: seed, stream: UInt64(number))
        var bytes: [UInt8]
        let choice = Int.random(in: 0..<4, using: &random)
        if choice > 0, var tree = trees.randomElement(using: &random) {
            for _ in 0..<Int.random(in: 1...3, using: &random) { mutateStructure(&tree, &random) }
            bytes = tree.bytes
        } else {
            bytes = specimens.randomElement(using: &random) ?? []
        }
        if choice < 2 {
            for _ in 0..<Int.random(in: 1...4, using: &random) { mutateBytes(&bytes, &random) }
        }
        let shapes: [Shape] = [
            [3, 32, 32], [4, 6, 6], [1, 1, 1], [3, 1 << 20, 1 << 20], [3], [0, -1, 7],
        ]
        let isOther = Int.random(in: 0..<10, using: &random) == 0
        return (bytes, isOther ? shapes.randomElement(using: &random) : nil)
    }

    // MARK: Bytes

    private func mutateBytes(_ bytes: inout [UInt8], _ random: inout RandomSource) {
        guard bytes.count > 16 else { return }
        let position = Int.random(in: 0..<bytes.count - 12, using: &random)
        switch Int.random(in: 0..<7, using: &random) {
        case 0: bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: bytes[position] = [0, 1, 2, 127, 128, 255].randomElement(using: &random) ?? 0
        case 2: bytes[position] &+= 1
        case 3: bytes.removeSubrange(position..<position + Int.random(in: 1...8, using: &random))
        case 4:
            // A varint of ten bytes: negative or huge.
            let huge: [UInt8] = [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]
            bytes.replaceSubrange(position..<position + 10, with: huge)
        case 5: bytes.removeLast(bytes.count - position)
        default:
            let other = Int.random(in: 0..<bytes.count - 12, using: &random)
            bytes.replaceSubrange(position..<position + 8, with: Array(bytes[other..<other + 8]))
        }
    }

    // MARK: Structure

    private static func number(_ random: inout RandomSource) -> UInt64 {
        let numbers: [Int] = [
            0, 1, 2, 3, 4, 5, 7, 16, 64, 1000, 65536, -1, -2, -3, 1 << 31, -(1 << 31), 1 << 40, 1 << 62, .max,
            .min,
        ]
        return UInt64(bitPattern: Int64(numbers.randomElement(using: &random) ?? 0))
    }

    private func mutateStructure(_ tree: inout MessageTree, _ random: inout RandomSource) {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: tree.edit([7, 5], &random) { mutateTensor(&$0, &$1) }
        case 1: tree.edit([7, 1, 5, 5], &random) { mutateTensor(&$0, &$1) }
        case 2, 3: rename(&tree, &random)
        case 4:
            tree.edit([7, 1], &random) { node, random in
                for index in node.indices(4) {
                    node.fields[index].payload = .bytes(operatorNames.randomElement(using: &random) ?? [])
                }
            }
        case 5: tree.edit([7], &random) { rearrange(&$0, &$1) }
        case 6: tree.edit([7, 1], &random) { rearrange(&$0, &$1) }
        case 7: tree.edit([7, 1, 5], &random) { mutateAttribute(&$0, &$1) }
        case 8:
            tree.edit([7, 1], &random) { node, random in
                if let attribute = attributes.randomElement(using: &random) { node.fields.append(attribute) }
            }
        default:
            // A dimension of an input or output.
            let list: UInt64 = Bool.random(using: &random) ? 11 : 12
            tree.edit([7, list, 2, 1, 2, 1], &random) { dimension, random in
                dimension.fields = [.init(number: 1, payload: .varint(Self.number(&random)))]
            }
        }
    }

    /// Gives an input or output of a node another name of the graph: cycles, dangling and double names, nodes put to other tensors.
    private func rename(_ tree: inout MessageTree, _ random: inout RandomSource) {
        let names = tree.strings([7, 1], [1, 2]) + tree.strings([7, 5], [8]) + [[], Array("nowhere".utf8)]
        tree.edit([7, 1], &random) { node, random in
            guard let index = node.indices(1, 2).randomElement(using: &random) else { return }
            node.fields[index].payload = .bytes(names.randomElement(using: &random) ?? [])
        }
    }

    /// Removes, doubles or swaps fields: nodes, tensors and outputs of a graph, operands and attributes of a node.
    private func rearrange(_ tree: inout MessageTree, _ random: inout RandomSource) {
        guard let a = tree.fields.indices.randomElement(using: &random),
            let b = tree.fields.indices.randomElement(using: &random)
        else { return }
        switch Int.random(in: 0..<3, using: &random) {
        case 0: tree.fields.remove(at: a)
        case 1: tree.fields.insert(tree.fields[a], at: b)
        default: tree.fields.swapAt(a, b)
        }
    }

    private func mutateAttribute(_ attribute: inout MessageTree, _ random: inout RandomSource) {
        guard let index = attribute.fields.indices.randomElement(using: &random) else { return }
        switch attribute.fields[index].payload {
        case .varint: attribute.fields[index].payload = .varint(Self.number(&random))
        case .fixed: attribute.fields[index].payload = .fixed(Self.float(&random))
        default: rearrange(&attribute, &random)
        }
    }

    private func mutateTensor(_ tensor: inout MessageTree, _ random: inout RandomSource) {
        guard let index = tensor.fields.indices.randomElement(using: &random) else { return }
        switch tensor.fields[index].payload {
        case .varint where tensor.fields[index].number == 2:
            tensor.fields[index].payload = .varint(UInt64.random(in: 0...23, using: &random))
        case .varint: tensor.fields[index].payload = .varint(Self.number(&random))
        case .bytes(var bytes) where tensor.fields[index].number == 9 && bytes.count >= 4:
            // An element: sizes are eight bytes wide, weights four.
            let isWide = bytes.count % 8 == 0 && Bool.random(using: &random)
            let value =
                isWide ? withUnsafeBytes(of: Self.number(&random)) { [UInt8]($0) } : Self.float(&random)
            let slot = Int.random(in: 0..<bytes.count / value.count, using: &random) * value.count
            bytes.replaceSubrange(slot..<slot + value.count, with: value)
            tensor.fields[index].payload = .bytes(bytes)
        default: rearrange(&tensor, &random)
        }
    }

    private static func float(_ random: inout RandomSource) -> [UInt8] {
        let numbers: [Float] = [0, -0.0, 1, -1, 0.5, 1e-30, 1e30, -1e30, .nan, .infinity, -.infinity]
        return withUnsafeBytes(of: numbers.randomElement(using: &random) ?? 0) { [UInt8]($0) }
    }
}

extension MessageTree {
    fileprivate var nodes: [MessageTree] {
        fields.flatMap { field -> [MessageTree] in
            guard field.number == 7, case .message(let graph) = field.payload else { return [] }
            return graph.fields.compactMap { field in
                guard field.number == 1, case .message(let node) = field.payload else { return nil }
                return node
            }
        }
    }
}
