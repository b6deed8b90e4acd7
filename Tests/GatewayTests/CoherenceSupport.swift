import CLinux
import LinuxSystem
import SystemPackage
import TestSupport

/// The zones, below the source and below the view.
let sandboxPath = "/data/sandbox"
let codeRepoPath = "/data/code-repo"

/// Replaces a file as careful programs do: a new one, renamed over it.
func replaceFile(_ path: String, _ text: String) throws {
    try writeFile(path + ".new", text)
    guard unsafe rename(path + ".new", path) == 0 else { throw TestFailure("rename \(path): \(lastErrorText())") }
}

/// Adds to the end of a file.
func appendFile(_ path: String, _ text: String) throws {
    let file = try FileDescriptor.open(FilePath(path), .writeOnly, options: [.append, .closeOnExec])
    defer { try? file.close() }
    _ = try file.writeAll(text.utf8)
}

/// The names in a directory, in order.
func names(_ directory: String) throws -> [String] {
    guard let stream = unsafe opendir(directory) else { throw TestFailure("opendir \(directory): \(lastErrorText())") }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
        let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
            unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}
