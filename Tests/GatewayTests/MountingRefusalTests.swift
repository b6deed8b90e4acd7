import LinuxSystem
import TestSupport
import Testing

/// What cannot be served: one clear line, exit code 2, nothing mounted and nothing left behind.
@Suite(.timeLimit(.minutes(10)))
struct MountingRefusalTests {
    /// A case: which words of the command line are replaced by which, in a directory whose paths begin with `@`.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let name: String
        var option = ""
        var value = ""
        var more: [String] = []
        let message: String
        var testDescription: String { name }
    }

    static let mistakes = [
        Mistake(name: "an unknown option", more: ["--frobnicate"], message: "unknown option '--frobnicate'"),
        Mistake(name: "an option without its value", more: ["--hide"], message: "--hide needs a value"),
        Mistake(name: "an agent that is root", option: "--agent", value: "0:0", message: "--agent: the agent's user is root"),
        Mistake(name: "an agent that is no number", option: "--agent", value: "somebody", message: "not UID:GID"),
        Mistake(name: "a source that is a file", option: "--source", value: "@/file", message: "is not a directory"),
        Mistake(name: "a source that is missing", option: "--source", value: "@/missing", message: "No such file or directory"),
        Mistake(name: "a relative source", option: "--source", value: "source", message: "is not an absolute path"),
        Mistake(
            name: "a zone outside the source", option: "--sandbox", value: "@/outside", message: "does not lie inside the source"),
        Mistake(
            name: "a zone that is the source", option: "--sandbox", value: "@/source", message: "does not lie inside the source"),
        Mistake(
            name: "zones inside each other", option: "--sandbox", value: "@/source/data/code-repo/in", message: "inside each other"),
        Mistake(name: "one zone twice", option: "--sandbox", value: "@/source/data/code-repo", message: "inside each other"),
        Mistake(name: "a missing mountpoint", option: "--mountpoint", value: "@/missing", message: "No such file or directory"),
        Mistake(name: "a mountpoint that is a file", option: "--mountpoint", value: "@/file", message: "is not a directory"),
        Mistake(
            name: "a mountpoint in a zone", option: "--mountpoint", value: "@/source/data/sandbox/in", message: "lies in the zone"),
        Mistake(name: "a mountpoint over the source", option: "--mountpoint", value: "@", message: "would hide the source"),
        Mistake(name: "a mountpoint in use", option: "--mountpoint", value: "/proc", message: "proc is mounted there"),
        Mistake(name: "an unknown technique", more: ["--without", "magic"], message: "'magic' is none of passthrough"),
        Mistake(name: "a quota that is no number", more: ["--sandbox-quota", "much"], message: "'much' is not BYTES"),
        Mistake(
            name: "an access that there is not", more: ["--sandbox-access", "fast"], message: "'fast' is neither direct nor served"),
        Mistake(name: "a descriptor that is not open", more: ["--ready-fd", "77"], message: "'77' is not an open descriptor"),
        Mistake(name: "too few descriptors", more: ["--descriptors", "3"], message: "'3' is not a number from 64 up"),
        Mistake(name: "a hide pattern without a root", more: ["--hide", "etc/shadow"], message: "is neither absolute nor"),
    ]

    @Test(arguments: mistakes) func `refused with one line and exit code 2`(_ mistake: Mistake) throws {
        try withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try shell("cd \(directory); mkdir outside source/data/code-repo/in source/data/sandbox/in; touch file").requireSuccess()
            var words = MountedGateway.arguments(directory)
            if let index = words.firstIndex(of: mistake.option) { words[index + 1] = mistake.value.replacing("@", with: directory) }
            let result = try run(Executables.mount, words + mistake.more)
            #expect(result.status == .exited(2), "\(result)")
            #expect(result.errors.hasPrefix("pinfold-mount: "))
            #expect(result.errors.contains(mistake.message), "\(result)")
            #expect(result.errors.split(separator: "\n").count == 1)
            #expect(try MountTable.read().entries(atOrBelow: directory).isEmpty)
        }
    }

    @Test func `a missing option is named`() throws {
        let result = try run(Executables.mount, ["--source", "/", "--mountpoint", "/mnt"])
        #expect(result.status == .exited(2))
        #expect(result.errors.contains("--code-repo is missing"))
    }

    @Test func `somebody who is not root is told so`() throws {
        try withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            let result = try run(Executables.mount, MountedGateway.arguments(directory), user: MountedGateway.agent)
            #expect(result.status == .exited(2), "\(result)")
            #expect(result.errors.contains("only root can serve a view"))
        }
    }

    @Test func `help goes to standard output and names every technique`() throws {
        let help = try run(Executables.mount, ["--help"]).requireSuccess()
        for word in ["--source", "--hide", "--without", "passthrough", "no-open", "long-lifetimes", "symlink-cache"] {
            #expect(help.contains(word))
        }
    }
}
