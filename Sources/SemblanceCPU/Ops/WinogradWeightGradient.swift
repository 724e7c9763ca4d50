import CVectorKernels
import Foundation
import SemblanceCore

/// The weight gradient of a 3x3 convolution by the same filtering: the tiles of image and output's gradient are transformed in chunks that stay in
/// a cache, and one product for each point of a tile sums up what they contribute. The bits do not depend on the number of threads.
struct WinogradWeightGradient {
    let convolution: WinogradConvolution

    /// nil where the shape does not suit, or a direct sum is likely faster.
    init?(_ window: Window, groups: Int, x: Shape, y: Shape, _ lowering: Lowering) {
        guard
            let convolution = WinogradConvolution(
                window, groups: groups, input: x, output: y, isWeightGradient: true, lowering)
        else { return nil }
        self.convolution = convolution
    }

    /// Where a chunk's transformed tiles and the sums lie, in floats.
    private struct Layout {
        let chunk: Int
        let pitch: Int
        let vPlane: Int
        let dPlane: Int
        let sPlane: Int
        let points: Int
        let planes: Int

        init(_ convolution: WinogradConvolution) {
            let (channels, outputs) = (convolution.input.channels, convolution.output.channels)
            let gap = WinogradConvolution.gap
            (points, planes) = (convolution.sizes.pointCount, convolution.sizes.planeCount)
            // Two megabytes of tiles stay in the second caches of two cores; with fewer tiles than C O / (C + O), reading and writing the sums would
            // cost more than reading and writing the tiles.
            let fitting = (2 << 20) / (4 * points * (channels + outputs))
            let least = max(fitting, channels * outputs / (channels + outputs))
            let chunks = (convolution.tiles + least - 1) / least
            chunk = (convolution.tiles + chunks - 1) / chunks
            pitch = channels + gap
            vPlane = chunk * pitch + gap
            dPlane = chunk * outputs + gap
            sPlane = channels * outputs + gap
        }

        var size: Int { points * (vPlane + dPlane) + planes * sPlane }
    }

    /// Which planes each thread sums up: those with most points first, each to the thread that has least.
    private static func shares(_ points: [[Int]], threads: Int) -> [[Int]] {
        var shares = Array(repeating: (planes: [Int](), points: 0), count: max(threads, 1))
        for plane in points.indices.sorted(by: { (-points[$0].count, $0) < (-points[$1].count, $1) }) {
            guard let least = shares.indices.min(by: { shares[$0].points < shares[$1].points }) else { break }
            shares[least].planes.append(plane)
            shares[least].points += points[plane].count
        }
        return shares.map(\.planes)
    }

    /// Appends the task that computes dw [outputs, channels, 3, 3], row-major, from x and dy in channels-last or blocked layout.
    func compute(_ name: String, x: Located, dy: Located, dw: Located, _ lowering: Lowering)
        throws(SemblanceError)
    {
        let unbound = try convolution.problem(name, x: x.layout, y: dy.layout)
        let (tiles, panels) = (convolution.tiles, convolution.panels)
        let (threads, layout) = (convolution.threads, Layout(convolution))
        let points = convolution.sizes.pointsOfPlanes, shares = Self.shares(points, threads: threads)
        lowering.append(
            Task(
                name: convolution.name(name), uses: [x, dy, dw],
                scratch: layout.size * 4
            ) { (resolve, scratch) throws(SemblanceError) in
                guard let scratch else {
                    throw SemblanceError(.internalFault, "\(name): no memory for Winograd's tiles")
                }
                var problem = unbound
                problem.x = UnsafePointer(resolve(x))
                let bound = problem
                let (dy, dw) = (UnsafePointer(resolve(dy)), resolve(dw))
                let v = scratch.assumingMemoryBound(to: Float.self)
                let d = v + layout.points * layout.vPlane, sums = d + layout.points * layout.dPlane
                return { () throws(SemblanceError) in
                    withUnsafePointer(to: bound) { problem in
                        for start in stride(from: 0, to: tiles, by: layout.chunk) {
                            let count = min(layout.chunk, tiles - start)
                            parallel(count, block: 8, threads: threads) { _, range in
                                let (first, last) = (start + range.lowerBound, start + range.upperBound)
                                semblance_winograd_inputs(
                                    problem, first, last, v + range.lowerBound * layout.pitch, layout.vPlane,
                                    layout.pitch)
                                semblance_winograd_gradients(
                                    problem, dy, first, last, d, layout.dPlane, start, count)
                            }
                            parallel(shares: shares.count) {
                                shares[$0].count
                            } body: { _, share, item in
                                let plane = shares[share][item]
                                for (index, point) in points[plane].enumerated() {
                                    semblance_winograd_sums(
                                        problem, v + point * layout.vPlane, layout.pitch,
                                        d + point * layout.dPlane, count,
                                        start == 0 && index == 0 ? 1 : 0, sums + plane * layout.sPlane)
                                }
                            }
                        }
                        parallel(panels, block: 1, threads: threads) { panel, _ in
                            semblance_winograd_results(problem, panel, sums, layout.sPlane, dw)
                        }
                    }
                }
            })
    }
}

extension semblance_winograd_sizes {
    /// The points of a tile that each plane of weights serves.
    fileprivate var pointsOfPlanes: [[Int]] {
        var result = Array(repeating: [Int](), count: planeCount)
        for point in 0..<pointCount {
            result[Int(semblance_winograd_plane(self, Int32(point)))].append(point)
        }
        return result
    }
}
