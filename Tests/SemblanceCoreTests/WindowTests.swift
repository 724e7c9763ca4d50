import SemblanceCore
import Testing

@Suite struct WindowTests {
    /// Against counting the positions at which the window fits.
    @Test func outputSizes() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            func any(_ range: ClosedRange<Int>) -> Int { .random(in: range, using: &random) }
            let window = Window(
                kernel: Extent(any(1...5), any(1...5)), stride: Extent(any(1...4), any(1...4)),
                padding: Padding(top: any(0...3), left: any(0...3), bottom: any(0...3), right: any(0...3)),
                dilation: Extent(any(1...3), any(1...3)))
            let (height, width) = (any(1...12), any(1...12))
            func positions(_ size: Int, _ kernel: Int, _ stride: Int, _ dilation: Int) -> Int {
                Swift.stride(from: 0, to: size, by: stride)
                    .prefix { start in (0..<kernel).allSatisfy { start + $0 * dilation < size } }.count
            }
            let p = window.padding
            let rows = positions(
                height + p.top + p.bottom, window.kernel.height, window.stride.height, window.dilation.height)
            let columns = positions(
                width + p.left + p.right, window.kernel.width, window.stride.width, window.dilation.width)
            if rows == 0 || columns == 0 {
                let error = #expect(throws: SemblanceError.self) {
                    try window.output(height: height, width: width)
                }
                #expect(error?.code == .unsupportedOperation)
            } else {
                #expect(try window.output(height: height, width: width) == Extent(rows, columns))
            }
        }
    }

    @Test(arguments: [
        Window(kernel: Extent(0)), Window(kernel: Extent(3, -1)),
        Window(kernel: Extent(1), stride: Extent(0)),
        Window(kernel: Extent(1), padding: Padding(-1)), Window(kernel: Extent(1), dilation: Extent(0)),
        Window(kernel: Extent(.max)), Window(kernel: Extent(3), dilation: Extent(.max)),
        Window(kernel: Extent(1), stride: Extent(.max)), Window(kernel: Extent(1), padding: Padding(.max)),
    ])
    func nonsenseIsRefused(window: Window) {
        let error = #expect(throws: SemblanceError.self) { try window.output(height: 8, width: 8) }
        #expect(error?.code == .unsupportedOperation)
    }
}
