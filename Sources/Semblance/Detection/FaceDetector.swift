import SemblanceCore
import SemblanceImaging

/// Finds faces in images with one model on one device. Safe to share between threads; calls take turns.
public final class FaceDetector: Sendable {
    public let model: DetectionModel
    public let device: SelectedDevice
    public let options: DetectionOptions
    private let plans: Recoverable<DetectionPlans>

    /// - Throws: `usage` for options out of range, and what preparing the model on the device throws.
    public init(
        model: DetectionModel, device: SelectedDevice, options: DetectionOptions = DetectionOptions(),
        onFault: FaultPolicy = .fail
    ) throws(SemblanceError) {
        try options.check()
        self.model = model
        self.device = device
        self.options = options
        plans = try Recoverable(on: device, policy: onFault) { device in
            DetectionPlans(model, on: device)
        }
    }

    /// The faces of each image, best first; those that only a closer or a coarser look has found come last. Boxes and points are in
    /// pixels of the image.
    /// - Throws: `deviceFault` and its like where the policy does not move to the CPU.
    public func detect(_ images: [Image]) throws(SemblanceError) -> [[DetectedFace]] {
        var work: [(image: Int, pass: DetectionPass)] = []
        for (index, image) in images.enumerated() {
            for pass in DetectionPass.passes(width: image.width, height: image.height, options) {
                work.append((index, pass))
            }
        }
        // Equal sizes together, so that they share batches.
        let order = work.indices.sorted {
            let (a, b) = (work[$0].pass, work[$1].pass)
            return (a.size.height, a.size.width, a.level.rawValue, $0)
                < (b.size.height, b.size.width, b.level.rawValue, $1)
        }
        var found = [[DetectedFace]](repeating: [], count: work.count)
        try plans.use { (plans) throws(SemblanceError) in
            var rest = order[...]
            while let first = rest.first {
                let size = work[first].pass.size
                let batch = rest.prefix(DetectionPlans.batchLimit(size)).prefix { work[$0].pass.size == size }
                let views = batch.map { ImageView(images[work[$0].image], work[$0].pass.transform) }
                let faces = try plans.faces(in: views, size: size, options)
                for (index, faces) in zip(batch, faces) { found[index] = faces }
                rest = rest.dropFirst(batch.count)
            }
        }
        var result = [[DetectedFace]](repeating: [], count: images.count)
        var tiles = result
        for ((image, pass), faces) in zip(work, found) {
            let kept = Suppression.apply(faces, options).map { $0.moved(by: pass.transform) }
            switch pass.level {
            case .whole, .coarse: Suppression.merge(kept, into: &result[image], options)
            case .tile:
                let (width, height) = (images[image].width, images[image].height)
                tiles[image] += kept.filter { !pass.cuts($0.box, width: width, height: height) }
            }
        }
        for index in images.indices where !tiles[index].isEmpty {
            Suppression.merge(Suppression.apply(tiles[index], options), into: &result[index], options)
        }
        return result
    }
}

extension DetectedFace {
    /// - Parameter transform: without rotation.
    fileprivate func moved(by transform: AffineMap) -> DetectedFace {
        guard transform != .identity else { return self }
        let corner = transform(box.x, box.y)
        return DetectedFace(
            box: FaceBox(
                x: corner.x, y: corner.y, width: box.width * transform.scale,
                height: box.height * transform.scale),
            landmarks: landmarks.map { point in
                let moved = transform(point.x, point.y)
                return Point(x: moved.x, y: moved.y)
            }, score: score)
    }
}

/// The detector prepared for the sizes and batches that came up lately. Belongs to one thread at a time.
final class DetectionPlans {
    private struct Key: Hashable {
        var size: Extent
        var batch: Int
        var capacity: Int
    }

    private let model: DetectionModel
    private let device: SelectedDevice
    /// The latest last.
    private var plans: [(key: Key, plan: ImagePlan)] = []
    private var outputs: [[Float]] = []

    private static let planLimit = 8
    private static let memoryLimit = 384 << 20

    init(_ model: DetectionModel, on device: SelectedDevice) {
        self.model = model
        self.device = device
    }

    /// Images worked on at once: about a million pixels.
    static func batchLimit(_ size: Extent) -> Int { min(max((1 << 20) / size.count, 1), 16) }

    /// Faces above the score threshold in each view, in pixels of the detector's input.
    /// - Precondition: no more views than `batchLimit` allows.
    func faces(in views: [ImageView], size: Extent, _ options: DetectionOptions) throws(SemblanceError)
        -> [[DetectedFace]]
    {
        // A few batch sizes serve all.
        var batch = 1
        while batch < views.count { batch *= 2 }
        let isShrunk = views.contains { $0.transform.scale > 1 }
        let key = Key(size: size, batch: batch, capacity: size.count * (isShrunk ? 4 : 1))
        let plan = try plan(for: key)
        try plan.run(views)
        outputs = outputs.count == plan.outputCount ? outputs : .init(repeating: [], count: plan.outputCount)
        for index in outputs.indices {
            let count = plan.shape(of: index).count
            if outputs[index].count != count { outputs[index] = [Float](repeating: 0, count: count) }
            try outputs[index].withUnsafeMutableBufferPointer { (buffer) throws(SemblanceError) in
                try plan.read(index, into: buffer)
            }
        }
        return views.indices.map { image in
            YuNet.faces(heads(of: image, size: size), size: size, scoreThreshold: options.scoreThreshold)
        }
    }

    private func heads(of image: Int, size: Extent) -> [YuNet.Head] {
        YuNet.strides.enumerated().map { index, stride in
            let cells = size.height / stride * (size.width / stride)
            func part(_ head: Int) -> ArraySlice<Float> {
                let count = cells * YuNet.heads[head].1
                return outputs[head * YuNet.strides.count + index][image * count..<(image + 1) * count]
            }
            return YuNet.Head(classScores: part(0), objectScores: part(1), boxes: part(2), points: part(3))
        }
    }

    private func plan(for key: Key) throws(SemblanceError) -> ImagePlan {
        if let index = plans.firstIndex(where: { $0.key == key }) {
            let entry = plans.remove(at: index)
            plans.append(entry)
            return entry.plan
        }
        // The oldest go, before the new one takes its memory.
        while plans.count >= Self.planLimit
            || !plans.isEmpty && plans.reduce(0, { $0 + $1.plan.memory }) > Self.memoryLimit
        {
            plans.removeFirst()
        }
        let network = try model.network(size: key.size)
        let format = InputFormat(
            height: key.size.height, width: key.size.width, colours: .bgr, mean: 0, scale: 1)
        let plan = try ImagePlan(
            network, format: format, batch: key.batch, capacity: key.capacity, on: device)
        for (index, name) in DetectionModel.outputNames.enumerated() {
            let head = YuNet.heads[index / YuNet.strides.count]
            let stride = YuNet.strides[index % YuNet.strides.count]
            let cells = key.size.height / stride * (key.size.width / stride)
            guard plan.shape(of: index) == [key.batch, cells, head.1] else {
                throw SemblanceError(
                    .invalidModel,
                    "\(model.path): its output \(name) has the shape \(plan.shape(of: index)), not \([key.batch, cells, head.1])",
                    remedy: "give YuNet's ONNX file (make models fetches it)")
            }
        }
        plans.append((key, plan))
        return plan
    }
}
