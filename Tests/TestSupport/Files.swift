package import CLinux
package import SystemPackage

/// A whole file as text; bytes that are not UTF-8 are replaced.
package func readFile(_ path: String) throws -> String {
    String(decoding: try readBytes(path), as: UTF8.self)
}

/// A whole file.
package func readBytes(_ path: String) throws -> [UInt8] {
    let file = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec])
    defer { try? file.close() }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = try unsafe chunk.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
        if count == 0 { return bytes }
        bytes.append(contentsOf: chunk[..<count])
    }
}

/// Makes or replaces the contents of a file.
package func writeFile(_ path: String, _ text: String, mode: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]) throws {
    try writeBytes(path, text.utf8, mode: mode)
}

package func writeBytes(
    _ path: String, _ bytes: some Sequence<UInt8>, mode: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
) throws {
    let file = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: mode)
    defer { try? file.close() }
    _ = try file.writeAll(bytes)
}

/// Makes a directory and those above it.
package func makeDirectories(_ path: String) throws {
    try run("mkdir", ["-p", path]).requireSuccess()
}

/// Whether something is there, a dangling symlink too.
package func exists(_ path: String) -> Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0
}

/// What `man 2 lstat` says; nil where nothing is there.
package func status(_ path: String) -> stat? {
    var result = stat()
    return unsafe lstat(path, &result) == 0 ? result : nil
}

/// The errno of a call that answers -1 when it fails; nil where it succeeded.
package func errno(of call: () -> Int32) -> Errno? {
    call() == -1 ? Errno(rawValue: pinfold_errno()) : nil
}
