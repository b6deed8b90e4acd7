internal import CLinux

/// A new directory of this test alone, on a disk filesystem, readable by everybody; removed with all that is in it when `body` ends.
///
/// `/var/tmp` and not `/tmp`, which may be a tmpfs: zones and handles are to be tried on what servers have.
package func withTemporaryDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = try makeTemporaryDirectory()
    do {
        let result = try await body(path)
        removeTree(path)
        return result
    } catch {
        removeTree(path)
        throw error
    }
}

/// The same for a test that is not asynchronous.
package func withTemporaryDirectory<Result>(below parent: String = "/var/tmp", _ body: (String) throws -> Result) throws -> Result {
    let path = try makeTemporaryDirectory(below: parent)
    defer { removeTree(path) }
    return try body(path)
}

private func makeTemporaryDirectory(below parent: String = "/var/tmp") throws -> String {
    var template = Array("\(parent)/pinfold-test-XXXXXX\0".utf8CString.dropLast())
    let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
        unsafe mkdtemp(buffer.baseAddress.unsafelyUnwrapped) != nil
    }
    guard made else { throw TestFailure("no temporary directory: \(lastErrorText())") }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    unsafe chmod(path, 0o755)
    return path
}

/// Removes a tree, whatever is mounted in it having been unmounted first: a test that failed half way leaves mounts behind.
private func removeTree(_ path: String) {
    for mountpoint in mountpoints(below: path).reversed() {
        _ = try? run("umount", ["-l", mountpoint])
    }
    _ = try? run("chattr", ["-R", "-f", "-ia", path])
    _ = try? run("rm", ["-rf", "--one-file-system", path])
}

/// Where something is mounted at or below `path`, in the order of mounting (`man 5 proc_pid_mountinfo`).
package func mountpoints(below path: String) -> [String] {
    guard let table = try? readFile("/proc/self/mountinfo") else { return [] }
    return table.split(separator: "\n").compactMap { line -> String? in
        let fields = line.split(separator: " ")
        guard fields.count > 4 else { return nil }
        let mountpoint = String(fields[4].replacing("\\040", with: " "))
        return mountpoint == path || mountpoint.hasPrefix(path + "/") ? mountpoint : nil
    }
}
