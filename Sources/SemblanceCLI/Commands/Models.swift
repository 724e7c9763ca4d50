import Foundation
import Semblance

enum ModelsCommand: Command {
    static let name = "models"
    static let summary = "List the pretrained models, where they are looked for and whether they are there."
    static let operands = ""
    static let options = [Option.json]

    private struct Report: Encodable {
        var name: String
        var summary: String
        var path: String
        var present: Bool
    }

    static func run(_ arguments: Arguments) throws -> Int32 {
        _ = try arguments.operands(0, "no operands")
        for entry in ModelFolder.entries {
            if arguments.flag("--json") {
                try Console.json(
                    Report(
                        name: entry.name, summary: entry.summary, path: entry.path, present: entry.isPresent))
            } else {
                Console.print(
                    "\(entry.name)  \(entry.isPresent ? entry.path : "not there (\(entry.path))")\n    \(entry.summary)"
                )
            }
        }
        if !arguments.flag("--json"), ModelFolder.entries.contains(where: { !$0.isPresent }) {
            Console.print("make models fetches them; SEMBLANCE_MODELS names another folder")
        }
        return 0
    }
}
