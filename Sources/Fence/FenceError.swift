internal import CLinux
package import LinuxSystem
internal import SystemPackage

/// Why nothing was started: a sentence for a person.
package struct FenceError: Error, CustomStringConvertible, Sendable {
    package enum Kind: Sendable {
        /// Somebody asked for what cannot be (exit code 2).
        case configuration
        /// The fence could not be built, or a check of it failed (exit code 1).
        case refused
        /// The view does not answer (exit code 4).
        case unreachable
    }

    package let description: String
    package let kind: Kind
    /// Whether the machine had no process, memory or descriptor left, or a control group went away: it may be better in a moment.
    package let passes: Bool

    package init(_ description: String, kind: Kind, passes: Bool = false) {
        self.description = description
        self.kind = kind
        self.passes = passes
    }
}

extension FenceError {
    private static let scarcities: [Errno] = [
        .resourceTemporarilyUnavailable, .noMemory, .tooManyOpenFiles, .tooManyOpenFilesInSystem,
    ]

    /// ENODEV: the control group that it was to start in was removed by somebody meanwhile; the next one is another.
    static func passes(_ error: Errno) -> Bool { scarcities.contains(error) || error == Errno(rawValue: ENODEV) }

    /// What it means that a command behind a fence was never started: of the last line that the launcher or the fence said, and how it ended.
    package init(of name: String, neverStarted status: ExitStatus, saying words: String) {
        // `bwrap: …` and `pinfold-fence: …`, with the words of `strerror`; or it was killed, for want of memory.
        let isScarce = Self.scarcities.contains { words.contains("\($0)") } || status.shellCode == 128 + SIGKILL
        self.init(
            "\(name) could not be started: \(words.isEmpty ? "\(status)" : words)", kind: .refused, passes: isScarce)
    }
}
