internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The executables behind the command. They lie beside it, in an installation and in a build directory alike, so that a command
/// never meets another version's daemon.
enum Companion: String, CaseIterable, Sendable {
    case mount = "pinfold-mount"
    case fence = "pinfold-fence"
    case git = "pinfold-git"
    case deployd = "pinfold-deployd"

    /// Its absolute path, whether it exists or not.
    var path: String { "\(Self.directory)/\(rawValue)" }

    var isInstalled: Bool { unsafe access(path, X_OK) == 0 }

    /// The path, or a failure that says where it was looked for.
    func required() throws(CommandFailure) -> String {
        guard isInstalled else {
            throw CommandFailure(.notDone, "\(rawValue) is not in \(Self.directory); install it beside pinfold")
        }
        return path
    }

    static let directory = ProgramDirectory.own?.path ?? "/usr/bin"
}

/// What a symbolic link says.
func readLink(_ path: String) throws(Errno) -> String { String(decoding: try linkText(at: path), as: UTF8.self) }
