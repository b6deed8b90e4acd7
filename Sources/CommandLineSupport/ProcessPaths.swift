internal import LinuxSystem
package import SystemPackage

/// `man 2 getcwd`, through `/proc`: a directory that was removed has no usable answer.
package func workingDirectory() -> String {
    (try? readLink("/proc/self/cwd")) ?? "/"
}

/// What a symbolic link says.
package func readLink(_ path: String) throws(Errno) -> String { String(decoding: try linkText(at: path), as: UTF8.self) }
