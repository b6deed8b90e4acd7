internal import CLinux
internal import LinuxSystem
package import SystemPackage

/// `man 2 getcwd`, through `/proc`. Of a directory that was removed it is the path that it had, with ` (deleted)` behind it.
package func workingDirectory() -> String {
    (try? readLink("/proc/self/cwd")) ?? "/"
}

/// What `workingDirectory` says where the directory was removed, which leads to it no more; nil where it is there, by whatever name.
package func removedWorkingDirectory() -> String? {
    let path = workingDirectory()
    guard path.hasSuffix(" (deleted)") else { return nil }
    var real = [CChar](repeating: 0, count: Int(PATH_MAX))
    return unsafe getcwd(&real, real.count) == nil ? path : nil
}

/// What a symbolic link says.
package func readLink(_ path: String) throws(Errno) -> String { String(decoding: try linkText(at: path), as: UTF8.self) }
