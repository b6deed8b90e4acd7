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

    /// Where the running executable lies; the kernel's own answer (`man 5 proc`, exe), not `argv[0]`.
    static let directory: String = {
        let own = (try? readLink("/proc/self/exe")) ?? "/usr/bin/pinfold"
        return own.lastIndex(of: "/").map { String(own[..<$0]) } ?? "/usr/bin"
    }()
}

/// What a symbolic link holds (`man 2 readlink`).
func readLink(_ path: String) throws(Errno) -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let length = try check {
        unsafe buffer.withUnsafeMutableBytes { unsafe readlink(path, $0.baseAddress.unsafelyUnwrapped, $0.count) }
    }
    return String(decoding: buffer.prefix(length), as: UTF8.self)
}
