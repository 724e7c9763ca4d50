import SemblanceCore

extension PlanOptions {
    /// As results are checked: outputs are poisoned before a run, and guards of 64 elements stand around buffers.
    package static var checked: PlanOptions {
        var options = PlanOptions()
        options.guardElements = 64
        options.poisons = true
        return options
    }
}
