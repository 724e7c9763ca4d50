import SemblanceCore
import SemblanceVerification

extension OperationCheck {
    /// A device that fails so often in a row is not asked any more.
    private static let faultLimit = 3

    /// Runs cases and gathers them by operation, in the table's order.
    static func run(
        _ cases: [OpCase], on backend: any Backend, seed: UInt64, progress: (String) -> Void
    ) -> (checks: [OperationCheck], stopped: String?) {
        var checks: [OperationCheck] = []
        var places: [String: Int] = [:]
        var faults = 0
        for (index, opCase) in cases.enumerated() {
            progress("operations: \(index + 1) of \(cases.count), \(opCase.op.name)")
            let name = opCase.op.name
            let place = places[name, default: checks.count]
            if place == checks.count {
                places[name] = place
                checks.append(OperationCheck(operation: name))
            }
            do throws(SemblanceError) {
                checks[place].add(try OpCaseRunner.measure(opCase, on: backend, seed: seed))
                faults = 0
            } catch {
                checks[place].cases += 1
                checks[place].failures.append("\(opCase.name): \(error)")
                faults = error.isOfDevice ? faults + 1 : 0
            }
            if faults == faultLimit {
                let rest = cases.count - index - 1
                return (
                    checks,
                    "\(faults) faults of the device in a row: \(rest) cases of operations were not run"
                )
            }
        }
        return (checks, nil)
    }

    private mutating func add(_ outcome: CaseOutcome) {
        cases += 1
        if let failure = outcome.failure { failures.append(failure) }
        kernels += outcome.kernels.subtracting(kernels).sorted()
        guard let worst = outcome.worst else { return }
        if allowed == 0 || worst.difference * allowed > difference * worst.allowed {
            (difference, allowed) = (worst.difference, worst.allowed)
        }
    }
}
