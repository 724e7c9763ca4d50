import CCLBlast
import COpenCL
import SemblanceCore
import Synchronization

/// A product that CLBlast computes, its operands bound to buffers.
final class CLBlastProduct {
    /// CLBlast 1.5.3's cache of programs is not safe to use from several threads (fixed in 1.6.1).
    static let lock = Mutex(())

    private struct Operand {
        let buffer: Shared<CLBuffer>
        let offset: Int
        let leading: Int
        let transpose: CLBlastTranspose
    }

    private let product: MatrixProduct
    private let a: Operand
    private let b: Operand
    private let c: Operand
    /// What decides the programs that CLBlast builds.
    var signature: String {
        "\(product.m) \(product.n) \(product.k) \(product.beta) \([a, b, c].map { "\($0.offset) \($0.leading) \($0.transpose.rawValue)" })"
    }
    /// Bytes of temporary memory that the product needs.
    private(set) var temporarySize = 0

    /// - Parameter alignment: bytes; operands that stand at a multiple of it become buffers of their own, because CLBlast copies
    ///   every matrix that has an offset.
    init(_ product: MatrixProduct, buffers: [Shared<CLBuffer>], alignment: Int, queue: borrowing CLQueue)
        throws(CLStatus)
    {
        func bind(_ operand: MatrixProduct.Operand, rows: Int, columns: Int) throws(CLStatus) -> Operand {
            let transpose = operand.transposed ? CLBlastTransposeYes : CLBlastTransposeNo
            let parent = buffers[operand.tensor.buffer]
            let start = operand.tensor.offset * MemoryLayout<Float>.stride
            guard start > 0, start % alignment == 0 else {
                return Operand(
                    buffer: parent, offset: operand.tensor.offset, leading: operand.leading,
                    transpose: transpose)
            }
            let (height, width) = operand.transposed ? (columns, rows) : (rows, columns)
            let count = (height - 1) * operand.leading + width
            let end = min(
                start + max(count, height * operand.leading) * MemoryLayout<Float>.stride, parent.handle.size)
            let part = Shared(try CLBuffer(part: start..<end, of: parent.handle))
            return Operand(buffer: part, offset: 0, leading: operand.leading, transpose: transpose)
        }
        self.product = product
        a = try bind(product.a, rows: product.m, columns: product.k)
        b = try bind(product.b, rows: product.k, columns: product.n)
        c = try bind(product.c, rows: product.m, columns: product.n)
        var id: cl_command_queue? = queue.id
        let (m, n, k) = (product.m, product.n, product.k)
        let code = CLBlastProduct.lock.withLock { _ in
            CLBlastSGemmTempBufferSize(
                CLBlastLayoutRowMajor, a.transpose, b.transpose, m, n, k, a.offset, a.leading, b.offset,
                b.leading, c.offset, c.leading, &id, &temporarySize)
        }
        try check(cl_int(code.rawValue))
    }

    /// Queues the product. `event`, if asked for, is that of its last kernel.
    func enqueue(on queue: borrowing CLQueue, temporary: cl_mem?, event: UnsafeMutablePointer<cl_event?>?)
        throws(CLStatus)
    {
        var id: cl_command_queue? = queue.id
        let code = CLBlastProduct.lock.withLock { _ in
            CLBlastSgemmWithTempBuffer(
                CLBlastLayoutRowMajor, a.transpose, b.transpose, product.m, product.n, product.k,
                product.alpha,
                a.buffer.handle.id, a.offset, a.leading, b.buffer.handle.id, b.offset, b.leading,
                product.beta, c.buffer.handle.id, c.offset, c.leading, &id, event, temporary)
        }
        try check(cl_int(code.rawValue))
    }
}
