import Foundation
import Semblance
import SemblanceCore
import SemblanceOpenCL

/// Tunes a device for some programs, and keeps what it finds as it goes.
package struct TuningSession {
    package struct Settings: Sendable {
        /// How long the search may take.
        package var seconds: Double
        /// Forgets the table that there is, instead of adding to it.
        package var resets = false
        /// Where the table is written; nil for the user's cache folder.
        package var output: String?
        /// Threads of the CPU, which says what shapes should give.
        package var threads: Int?
        /// Of the data.
        package var seed: UInt64

        /// How activations are stored.
        package var precision = Precision.float
        /// Whether CLBlast's parameters are searched on a CPU device too, where the rules take no CLBlast.
        package var searchesCLBlast = false

        package init(seconds: Double, seed: UInt64) {
            self.seconds = seconds
            self.seed = seed
        }
    }

    /// What a session came to.
    package struct Summary: Encodable, Sendable {
        package var device: String
        package var deviceName: String
        package var driver: String
        package var precision: Precision
        /// The table's file.
        package var table: String
        /// Shapes in the table.
        package var entries: Int
        /// Shapes of the programs: all, those that were in the table before, those searched now, and those that something faster than the
        /// rule's way was found for.
        package var shapes: Int
        package var known: Int
        package var searched: Int
        package var faster: Int
        /// Candidates that were wrong, did not build or failed.
        package var rejections: Int
        /// Shapes for which nothing is right, CLBlast's large products among them.
        package var wrong: [String]
        package var seconds: Double
        /// Whether everything was searched.
        package var isComplete: Bool
        /// Why it ended early, where it was not for the time.
        package var stopped: String?
    }

    package let device: Device
    /// Shapes that the table does not cover yet, those with most work first.
    package let subjects: [TuningSubject]
    /// What was wrong with the table that there was.
    package let notes: [String]
    private let backend: OpenCLBackend
    private let cpu: any Backend
    private let setCLBlast: CLBlastSearch.Setter
    private let store: TuningStore
    private let path: String
    private let settings: Settings
    private let start = ContinuousClock.now
    private let shapeCount: Int
    private var table: TuningTable

    /// - Throws: `usage` for the CPU, `deviceUnavailable` where there is no such OpenCL device, `outputUnwritable` where the table cannot be
    ///   written, and what opening the device and making the programs throw.
    package init(
        _ request: DeviceRequest, _ workload: TuningWorkload, _ settings: Settings
    ) throws(SemblanceError) {
        let catalogue = DeviceCatalogue.system(convolution: .automatic, precision: settings.precision)
        let backend = try Self.open(request, catalogue)
        try self.init(
            backend, cpu: catalogue.cpu(settings.threads), workload, settings,
            setCLBlast: { (parameters) throws(SemblanceError) in try parameters.apply(to: backend.opencl) })
    }

    /// - Parameters:
    ///   - cpu: says what large shapes should give.
    ///   - setCLBlast: has the device's next products compiled with these. They belong to the process, which a test shares with others.
    package init(
        _ backend: OpenCLBackend, cpu: any Backend, _ workload: TuningWorkload, _ settings: Settings,
        setCLBlast: @escaping (CLBlastParameters) throws(SemblanceError) -> Void
    ) throws(SemblanceError) {
        self.setCLBlast = setCLBlast
        self.settings = settings
        self.backend = backend
        self.cpu = cpu
        device = backend.device
        store = TuningStore(settings.output.map(TuningSource.file) ?? .automatic, for: device)
        guard let path = store.path else {
            throw SemblanceError(
                .usage, "SEMBLANCE_TUNING=off leaves no place for the table",
                remedy: "unset it, or write the table with --output FILE")
        }
        self.path = path
        try store.checkWritable()
        let known: TuningTable?
        (known, notes) =
            settings.resets ? (nil, []) : Self.known(store, backend, isNamed: settings.output != nil)
        table = TuningTable(for: device, date: Self.today, choices: known?.choices ?? [:])
        table.clblast = known?.clblast
        table.hasSearchedCLBlast = known?.hasSearchedCLBlast ?? false
        let choices = table.choices[backend.precision] ?? TuningChoices()
        let rules = OpenCLBackend(sharing: backend, choices: TuningChoices()).traits
        let all = TuningSubject.all(in: try workload.programs(), on: rules)
        shapeCount = all.count
        subjects = all.filter { !$0.tunable.isCovered(by: choices) }
        if settings.resets { try store.forget() }
    }

    /// The table that is added to, and what there is to say of it: what is in the named file, or else what the device uses.
    private static func known(_ store: TuningStore, _ backend: OpenCLBackend, isNamed: Bool) -> (
        TuningTable?, [String]
    ) {
        guard isNamed else { return (backend.tuning, backend.takeNotes()) }
        guard store.exists else { return (nil, []) }
        let (table, note) = store.load(for: backend.traits)
        return (table, [note].compactMap(\.self))
    }

    private static var today: String { Date().formatted(.iso8601.year().month().day()) }

    private static func open(_ request: DeviceRequest, _ catalogue: DeviceCatalogue) throws(SemblanceError)
        -> OpenCLBackend
    {
        guard request != .cpu else {
            throw SemblanceError(
                .usage, "the CPU's backend, oneDNN, has nothing to tune: its algorithms are fixed by shape",
                remedy: "choose an OpenCL device: semblance devices lists them")
        }
        let offer = try request.choose(from: catalogue.openCL(), \.device, orCPU: false)
        guard let backend = try offer.open() as? OpenCLBackend else {
            throw SemblanceError(.internalFault, "\(offer.device.name) is no OpenCL device")
        }
        return backend
    }

    /// Before the shapes: the process keeps what is found, so that they meet it.
    private mutating func searchCLBlast(
        until deadline: ContinuousClock.Instant, _ progress: @escaping (String) -> Void
    ) throws(SemblanceError) -> CLBlastSearch.Outcome? {
        let isWanted = settings.searchesCLBlast || backend.traits.isGPU && backend.traits.gemm != .tiled
        // CLBlast multiplies floats alone.
        guard isWanted, backend.precision == .float, !table.hasSearchedCLBlast, ContinuousClock.now < deadline
        else { return nil }
        var search = try CLBlastSearch(
            backend, reference: cpu, seed: settings.seed,
            clock: { (trial) throws(SemblanceError) in try trial.seconds() }, set: setCLBlast,
            isTimeUp: { ContinuousClock.now >= deadline }, progress: progress)
        let outcome = try search.run()
        guard outcome.isSettled else { return outcome }
        table.clblast = outcome.parameters
        table.hasSearchedCLBlast = true
        try store.save(table)
        return outcome
    }

    /// Searches until everything is done or the time is over, and writes the table after each shape.
    /// - Parameters:
    ///   - progress: gets a line from time to time.
    ///   - each: gets what came of each shape.
    /// - Throws: `outputUnwritable`, and what the CPU throws.
    package mutating func run(
        progress: @escaping (String) -> Void, each: (TuningResult) throws(SemblanceError) -> Void
    ) throws(SemblanceError) -> Summary {
        let deadline = start + .seconds(settings.seconds)
        var tuner = Tuner(
            backend, cpu: cpu, settings: Tuner.Settings(deadline: deadline, seed: settings.seed),
            progress: progress)
        var results: [TuningResult] = []
        // Most of the time is the shapes'.
        let early = start + .seconds(settings.seconds / 4)
        let clblast = try searchCLBlast(until: early, progress)
        if let clblast { try each(clblast.result) }
        for subject in subjects {
            guard let result = try tuner.tune(subject) else { break }
            if let choices = result.choices {
                let known = table.choices[backend.precision] ?? TuningChoices()
                table.choices[backend.precision] = known.merging(choices)
                try store.save(table)
            }
            results.append(result)
            try each(result)
        }
        // A file that was asked for is there, also where nothing was left to search.
        if settings.output != nil { try store.save(table) }
        let all = [clblast?.result].compactMap(\.self) + results
        // Where CLBlast's products made the device fail, the shapes tell whether the rest does.
        let stopped = tuner.stopped ?? clblast?.stopped.map { "CLBlast's parameters: \($0)" }
        return Summary(
            device: device.identifier, deviceName: device.name, driver: device.driver,
            precision: backend.precision,
            table: path, entries: table.count, shapes: shapeCount, known: shapeCount - subjects.count,
            searched: results.count, faster: results.count(where: \.isFaster),
            rejections: all.reduce(0) { $0 + $1.rejections.count },
            wrong: all.filter { $0.afterMs == nil }.map(\.subject), seconds: start.secondsElapsed,
            isComplete: results.count == subjects.count && all.allSatisfy(\.isComplete),
            stopped: stopped)
    }
}
