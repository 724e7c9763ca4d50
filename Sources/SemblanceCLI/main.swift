import Foundation

SpinCount.adapt()

// A reader that went away and a file that grows too large are told by the write, not by a signal that kills: a training goes on
// to its end, and a failure has a message.
signal(SIGPIPE, SIG_IGN)
signal(SIGXFSZ, SIG_IGN)
exit(CommandLineTool.run(Array(CommandLine.arguments.dropFirst())))
