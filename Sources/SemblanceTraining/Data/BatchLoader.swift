import Foundation
import SemblanceCore
import SemblanceImaging

/// An image that training went on without, and why.
public struct SkippedImage: Sendable, Hashable, Codable {
    public var path: String
    public var reason: String
}

/// Decodes, varies and batches images on threads of its own, a few batches ahead of the device. What a batch holds depends on the seed
/// and its number alone, never on the threads.
///
/// An image that cannot be read is replaced by the next one of the same person (then by the next person's), and listed in `takeSkipped`.
package final class BatchLoader: @unchecked Sendable {
    // `@unchecked`: everything mutable is guarded by `condition`, except the rows of slots, each
    // written by the one thread that claimed it and read when all of a slot's are done.

    package struct Configuration: Sendable {
        package var format: InputFormat
        package var augmentation: Augmentation
        package var batch: Int
        package var epochs: Int
        /// Where to begin: the first step of a new run, or a later one of a resumed run.
        package var firstStep: Int
        package var seed: UInt64
        package var threads: Int
        /// Decoded images are kept up to this many bytes.
        package var cacheBytes: Int
        /// Whether an image that cannot be read is an error.
        package var isStrict: Bool

        package init(
            format: InputFormat, augmentation: Augmentation, batch: Int, epochs: Int, firstStep: Int = 0,
            seed: UInt64,
            threads: Int, cacheBytes: Int, isStrict: Bool
        ) {
            self.format = format
            self.augmentation = augmentation
            self.batch = batch
            self.epochs = epochs
            self.firstStep = firstStep
            self.seed = seed
            self.threads = threads
            self.cacheBytes = cacheBytes
            self.isStrict = isStrict
        }
    }

    /// One batch: [N, C, H, W] and [N]. Valid inside `next`.
    package struct Batch {
        package let images: UnsafeBufferPointer<Float>
        package let labels: UnsafeBufferPointer<Float>
    }

    /// A batch that is being filled, used again and again.
    private final class Slot {
        let images: UnsafeMutableBufferPointer<Float>
        let labels: UnsafeMutableBufferPointer<Float>
        var remaining = 0
        var failure: (row: Int, error: SemblanceError)?

        init(batch: Int, count: Int) {
            images = .allocate(capacity: batch * count)
            images.initialize(repeating: 0)
            labels = .allocate(capacity: batch)
            labels.initialize(repeating: 0)
        }

        deinit {
            images.deallocate()
            labels.deallocate()
        }
    }

    package let stepsPerEpoch: Int
    private let configuration: Configuration
    private let paths: [[String]]
    private let sampler: BalancedSampler
    private let decode: FaceDecoder
    private let firstIndex: [Int]
    private let slots: [Slot]

    private let condition = NSCondition()
    private var claimed: Int
    private var nextStep: Int
    private var samples: [Int: [BalancedSampler.Sample]] = [:]
    private var cache: [Int: Image] = [:]
    private var cachedBytes = 0
    private var failures: [Int: SemblanceError] = [:]
    private var unreported: [SkippedImage] = []
    private var isStopped = false
    private var runningThreads = 0

    /// - Parameters:
    ///   - paths: of each class, its images.
    ///   - decode: a path to pixels of about the network's size, on any thread.
    package init(
        paths: [[String]], configuration: Configuration, decode: @escaping FaceDecoder
    ) {
        self.paths = paths
        self.configuration = configuration
        self.decode = decode
        let batch = configuration.batch
        sampler = BalancedSampler(counts: paths.map(\.count), seed: configuration.seed)
        stepsPerEpoch = sampler.stepCount(batch: batch)
        var sum = 0
        firstIndex = paths.map { images in
            defer { sum += images.count }
            return sum
        }
        nextStep = configuration.firstStep
        claimed = configuration.firstStep * batch
        slots = (0..<3).map { _ in Slot(batch: batch, count: configuration.format.count) }
        for slot in slots { slot.remaining = batch }
        runningThreads = max(configuration.threads, 1)
        for _ in 0..<runningThreads {
            let thread = Thread { self.work() }
            thread.name = "semblance.loader"
            thread.start()
        }
    }

    /// Ends the threads and waits for them. A loader that is not stopped lives on.
    package func stop() {
        condition.lock()
        isStopped = true
        condition.broadcast()
        while runningThreads > 0 { condition.wait() }
        condition.unlock()
    }

    /// Images given up since the last call, by path.
    package func takeSkipped() -> [SkippedImage] {
        condition.lock()
        defer { condition.unlock() }
        defer { unreported = [] }
        return unreported.sorted { $0.path < $1.path }
    }

    /// Hands over the next batch, waiting for it where it is not ready; nil after the last.
    /// - Throws: what `body` throws, or the error of an image: under `isStrict`, or where no image at all can be read.
    package func next<Result>(_ body: (Batch) throws(SemblanceError) -> Result) throws(SemblanceError)
        -> Result?
    {
        guard nextStep < configuration.epochs * stepsPerEpoch else { return nil }
        let slot = slots[nextStep % slots.count]
        condition.lock()
        while slot.remaining > 0, !isStopped { condition.wait() }
        let isReady = slot.remaining == 0
        let failure = slot.failure
        condition.unlock()
        if let failure { throw failure.error }
        guard isReady else { return nil }
        let result = try body(
            Batch(images: UnsafeBufferPointer(slot.images), labels: UnsafeBufferPointer(slot.labels)))
        condition.lock()
        slot.remaining = configuration.batch
        nextStep += 1
        samples[(nextStep / stepsPerEpoch) - 1] = nil
        condition.broadcast()
        condition.unlock()
        return result
    }

    // MARK: - The loader's threads

    private func work() {
        var renderer = AugmentingRenderer(
            format: configuration.format, augmentation: configuration.augmentation)
        while let (item, sample) = claim() {
            let (step, row) = item.quotientAndRemainder(dividingBy: configuration.batch)
            let slot = slots[step % slots.count]
            do throws(SemblanceError) {
                let (image, label) = try readable(from: sample)
                let count = configuration.format.count
                var random = RandomSource(
                    seed: configuration.seed, stream: 0xA06_0000_0000_0000 &+ UInt64(item))
                renderer.render(
                    image,
                    into: UnsafeMutableBufferPointer(rebasing: slot.images[row * count..<(row + 1) * count]),
                    random: &random)
                slot.labels[row] = Float(label)
                finish(slot, row: row, error: nil)
            } catch {
                finish(slot, row: row, error: error)
            }
        }
        condition.lock()
        runningThreads -= 1
        condition.broadcast()
        condition.unlock()
    }

    /// The next item that has a place in a slot, counted from the run's beginning; nil when there is nothing more to do.
    private func claim() -> (item: Int, sample: BalancedSampler.Sample)? {
        condition.lock()
        defer { condition.unlock() }
        let batch = configuration.batch
        while !isStopped {
            let step = claimed / batch
            if step >= configuration.epochs * stepsPerEpoch { return nil }
            if step < nextStep + slots.count {
                let (epoch, position) = claimed.quotientAndRemainder(dividingBy: stepsPerEpoch * batch)
                let order = samples[epoch] ?? sampler.samples(epoch: epoch, batch: batch)
                samples[epoch] = order
                claimed += 1
                return (claimed - 1, order[position])
            }
            condition.wait()
        }
        return nil
    }

    private func finish(_ slot: Slot, row: Int, error: SemblanceError?) {
        condition.lock()
        if let error, row < slot.failure?.row ?? .max { slot.failure = (row, error) }
        slot.remaining -= 1
        if slot.remaining == 0 { condition.broadcast() }
        condition.unlock()
    }

    /// The sample's image, or those of the first image after it that can be read.
    private func readable(from sample: BalancedSampler.Sample) throws(SemblanceError) -> (Image, label: Int) {
        var firstError: SemblanceError?
        for person in 0..<paths.count {
            let label = (sample.label + person) % paths.count
            let images = paths[label]
            for offset in images.indices {
                let position = ((person == 0 ? sample.image : 0) + offset) % images.count
                do throws(SemblanceError) {
                    return (try self.image(of: images[position], index: firstIndex[label] + position), label)
                } catch {
                    if configuration.isStrict { throw error }
                    firstError = firstError ?? error
                }
            }
        }
        throw SemblanceError(
            .invalidInput, "none of the training images can be read", remedy: "check the data set",
            cause: firstError)
    }

    private func image(of path: String, index: Int) throws(SemblanceError) -> Image {
        condition.lock()
        let (cached, failure) = (cache[index], failures[index])
        condition.unlock()
        if let failure { throw failure }
        if let cached { return cached }
        do throws(SemblanceError) {
            let image = try decode(path, configuration.format, configuration.augmentation.margin)
            condition.lock()
            if cache[index] == nil, cachedBytes + image.pixels.count <= configuration.cacheBytes {
                cache[index] = image
                cachedBytes += image.pixels.count
            }
            condition.unlock()
            return image
        } catch {
            condition.lock()
            if failures.updateValue(error, forKey: index) == nil {
                unreported.append(SkippedImage(path: path, reason: error.description))
            }
            condition.unlock()
            throw error
        }
    }
}
