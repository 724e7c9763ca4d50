import Foundation
import SemblanceCPU
import SemblanceCore

let arguments = CommandLine.arguments
let architecture = Architecture(rawValue: arguments[1])!
let batch = Int(arguments[2])!
let backend = try CPUBackend(threads: 2)
let network = try architecture.network(size: architecture.defaultSize, seed: 1).optimised()
let program = try Program.inference(network, batch: batch)
var options = PlanOptions()
options.profiles = arguments.count > 3
let plan = try backend.prepare(program, options: options)
let input = program.value(named: "input")!
var random = RandomSource(seed: 2)
try plan.write((0..<program.shape(of: input).count).map { _ in random.uniform(-1...1) }, to: input)
var times: [Double] = []
for _ in 0..<(batch > 1 ? 10 : 50) {
    let start = DispatchTime.now().uptimeNanoseconds
    try plan.run()
    times.append(Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-6)
}
print(times.sorted()[times.count / 2], "ms", batch, "memory", plan.memory >> 20)
print(try plan.read(program.value(named: "embedding")!).prefix(5))
if options.profiles {
    var total: [String: (Double, Int)] = [:]
    for timing in try plan.timings() { total[timing.kernel, default: (0, 0)].0 += timing.seconds; total[timing.kernel, default: (0, 0)].1 += 1 }
    for (name, t) in total.sorted(by: { $0.value.0 > $1.value.0 }) { print(String(format: "%8.3f ms %3d", t.0 * 1e3, t.1), name) }
}
