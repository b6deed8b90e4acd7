import CLinux
import FuzzTargets
import LinuxSystem
import SystemPackage
import TestSupport

/// Tries inputs, each of which is said before it is tried; one that breaks a promise ends the process.
///
///     pinfold-fuzz TARGET DIRECTORY FILE…             each file
///     pinfold-fuzz session DIRECTORY random SEED N    N conversations made by chance
///     pinfold-fuzz TARGET DIRECTORY mutated SEED N FILE…   N inputs made by chance from the files
///
/// DIRECTORY stays writable, all else does not; what chance made last lies there as `input`.
@main
struct Main {
    static func main() throws {
        let words = CommandLine.arguments
        guard words.count >= 3, let target = FuzzTarget(rawValue: words[1]) else {
            print("usage: pinfold-fuzz \(FuzzTarget.allCases.map(\.rawValue).joined(separator: "|")) DIRECTORY FILE…")
            exit(2)
        }
        let more = Array(words.dropFirst(3))
        // Read before anything is tried: what is tried may do anything to files.
        let byChance = Chance(more)
        let files = byChance == nil ? more : Array(more.dropFirst(3))
        let inputs = try files.map { ($0, try readBytes($0)) }
        try Seclusion.begin(workingDirectory: "/mnt", writable: words[2])
        if let byChance {
            for number in byChance.seeds {
                var mutation = Mutation(of: inputs.map(\.1), seed: number)
                var conversation = RandomConversation(seed: number)
                let input = byChance.isMutation ? mutation.bytes() : conversation.bytes()
                try writeBytes(words[2] + "/input", input)
                attempt(target, "seed \(number)", input)
            }
        } else {
            for (name, bytes) in inputs { attempt(target, name, bytes) }
        }
        print("done")
    }

    private struct Chance {
        let isMutation: Bool
        let seeds: Range<UInt64>

        init?(_ words: [String]) {
            guard words.count >= 3, ["random", "mutated"].contains(words[0]), let seed = UInt64(words[1]),
                let count = UInt64(words[2])
            else { return nil }
            isMutation = words[0] == "mutated"
            seeds = seed..<(seed + count)
        }
    }

    private static func attempt(_ target: FuzzTarget, _ name: String, _ bytes: [UInt8]) {
        print(name)
        fflush(nil)
        target.run(bytes)
    }
}
