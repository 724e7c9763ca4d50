import Foundation

// oneDNN's threads (libgomp) spin for milliseconds at a barrier before they sleep, and so keep a core from the very thread that
// they wait for wherever other programs are busy too. A shorter spin still bridges the gaps between two primitives. libgomp
// reads the setting when it is loaded, which is before this line: hence the second start.
if getenv("GOMP_SPINCOUNT") == nil, getenv("OMP_WAIT_POLICY") == nil {
    setenv("GOMP_SPINCOUNT", "1000", 1)
    execv("/proc/self/exe", CommandLine.unsafeArgv)
}

// A reader that went away and a file that grows too large are told by the write, not by a signal that kills: a training goes on
// to its end, and a failure has a message.
signal(SIGPIPE, SIG_IGN)
signal(SIGXFSZ, SIG_IGN)
exit(CommandLineTool.run(Array(CommandLine.arguments.dropFirst())))
