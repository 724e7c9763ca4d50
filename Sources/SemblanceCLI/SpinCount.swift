import Foundation

/// How long oneDNN's threads (libgomp) spin at a barrier before they sleep. Their default of milliseconds is best on a machine that
/// is ours alone; where other programs are busy too, the spinning thread keeps a core from the very thread that it waits for,
/// and everything takes ten times as long. libgomp reads the setting when it is loaded, before `main`: so a start on a busy
/// machine starts the program a second time.
enum SpinCount {
    private static let variable = "GOMP_SPINCOUNT"

    static func adapt() {
        guard getenv(variable) == nil, getenv("OMP_WAIT_POLICY") == nil, isMachineBusy else { return }
        setenv(variable, "1000", 1)
        execv("/proc/self/exe", CommandLine.unsafeArgv)
    }

    /// Whether others were running at most of a few moments. The load average would count our own last run.
    private static var isMachineBusy: Bool {
        let samples = 5
        var busy = 0
        for _ in 0..<samples {
            usleep(1000)
            // "0.20 0.18 0.12 1/80 11206": the fourth field counts what runs now, us included.
            guard let text = try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8),
                let running = text.split(separator: " ").dropFirst(3).first?.split(separator: "/").first
            else { return false }
            if Int(running) ?? 1 > 1 { busy += 1 }
        }
        return busy > samples / 2
    }
}
