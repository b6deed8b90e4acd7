internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Pinfold's programs. They lie beside the one that runs, in an installation and in a build directory alike, so that a command
/// never meets another version's daemon.
package enum Companion: String, CaseIterable, Sendable {
    case mount = "pinfold-mount"
    case fence = "pinfold-fence"
    case git = "pinfold-git"
    case deployd = "pinfold-deployd"
    case web = "pinfold-web"

    /// Its absolute path, whether it exists or not.
    package var path: String { "\(Self.directory)/\(rawValue)" }

    package var isInstalled: Bool { unsafe access(path, X_OK) == 0 }

    /// The path, or a failure that says where it was looked for.
    package func required() throws(CommandFailure) -> String {
        guard isInstalled else {
            throw CommandFailure(.notDone, "\(rawValue) is not in \(Self.directory); install it beside pinfold")
        }
        return path
    }

    /// Becomes it: there is one process, so signals and the exit code are its own. Returns only by failing.
    package func become(_ arguments: [String]) throws(CommandFailure) -> Never {
        let program = try required()
        let code = unsafe withCStrings([program] + arguments) { arguments in
            _ = unsafe execv(program, arguments)
            return Errno.current
        }
        throw CommandFailure(.notDone, "\(program) cannot be started: \(code)")
    }

    /// Where the running executable lies.
    package static let directory = ProgramDirectory.own?.path ?? "/usr/bin"
}
