import CLinux
import FuzzTargets
import LinuxSystem
import SystemPackage
import TestSupport

/// Tries inputs, each of which is said before it is tried; one that breaks a promise ends the process.
///
///     pinfold-fuzz TARGET DIRECTORY FILE…             each file
///     pinfold-fuzz session DIRECTORY random SEED N    N conversations made by chance
///
/// DIRECTORY stays writable, all else does not.
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
        let isRandom = more.count == 3 && more[0] == "random"
        let inputs = try isRandom ? [] : more.map { ($0, try readBytes($0)) }
        try Seclusion.begin(workingDirectory: "/mnt", writable: words[2])
        for (name, bytes) in inputs { attempt(target, name, bytes) }
        if isRandom, let seed = UInt64(more[1]), let count = UInt64(more[2]) {
            for number in seed..<(seed + count) {
                var conversation = RandomConversation(seed: number)
                attempt(target, "seed \(number)", conversation.bytes())
            }
        }
        print("done")
    }

    private static func attempt(_ target: FuzzTarget, _ name: String, _ bytes: [UInt8]) {
        print(name)
        fflush(nil)
        target.run(bytes)
    }
}
