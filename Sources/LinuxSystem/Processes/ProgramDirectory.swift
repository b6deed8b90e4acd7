internal import CLinux
internal import SystemPackage

/// The directory that Pinfold's programs lie in, beside each other, in an installation and in a build directory alike: no program meets another
/// version's.
package struct ProgramDirectory: Hashable, Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    /// That of the running program, by the kernel's own answer (`man 5 proc_pid_exe`) and not by `argv[0]`; nil where there is no `/proc`.
    package static let own: ProgramDirectory? = (try? linkText(at: "/proc/self/exe")).flatMap { link in
        link.lastIndex(of: UInt8(ascii: "/")).map { ProgramDirectory(path: String(decoding: link[..<$0], as: UTF8.self)) }
    }

    /// The path of one of them; nil where it is not there, or cannot be run.
    package func program(_ name: String) -> String? {
        let program = "\(path)/\(name)"
        return unsafe access(program, X_OK) == 0 ? program : nil
    }
}
