import SemblanceCore
import Testing

@Suite struct ShapeTests {
    @Test func strideAndCount() {
        let shape: Shape = [2, 3, 5, 7]
        #expect(shape.count == 210)
        #expect(shape.strides == [105, 35, 7, 1])
        #expect(shape.spatialCount == 35)
        #expect("\(shape)" == "[2x3x5x7]")
        #expect((shape.batch, shape.channels, shape.height, shape.width) == (2, 3, 5, 7))
        #expect(Shape([4, 9]).channels == 9 && Shape([4, 9]).spatialCount == 1)
        #expect(Shape([]).count == 1)
    }

    @Test func checkedCountRefusesNonsense() {
        #expect(Shape([2, 3]).checkedCount == 6)
        #expect(Shape([2, 0, 3]).checkedCount == 0)
        #expect(Shape([2, -3]).checkedCount == nil)
        #expect(Shape([1 << 32, 1 << 32]).checkedCount == nil)
    }
}
