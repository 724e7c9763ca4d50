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
                window, groups: groups, input: x, output: y, top: window.padding.top,
                left: window.padding.left, reading: 0, lowering)
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

        init(_ convolution: WinogradConvolution) {
            let (channels, outputs) = (convolution.input.channels, convolution.output.channels)
            let gap = WinogradConvolution.gap
            points = convolution.points
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

        var size: Int { points * (vPlane + dPlane + sPlane) }
    }

    /// Appends the task that computes dw [outputs, channels, 3, 3], row-major, from x and dy in channels-last or blocked layout.
    func compute(_ name: String, x: Located, dy: Located, dw: Located, _ lowering: Lowering)
        throws(SemblanceError)
    {
        let unbound = try convolution.problem(name, x: x.layout, y: dy.layout)
        let (tiles, panels) = (convolution.tiles, convolution.panels)
        let (threads, layout) = (convolution.threads, Layout(convolution))
        lowering.append(
            Task(
                name: "\(name) winograd_\(convolution.tile)x3:\(convolution.vectors)", uses: [x, dy, dw],
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
                            parallel(layout.points, block: 1, threads: threads) { point, _ in
                                semblance_winograd_sums(
                                    problem, v + point * layout.vPlane, layout.pitch,
                                    d + point * layout.dPlane, count, start == 0 ? 1 : 0,
                                    sums + point * layout.sPlane)
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
