package import SystemPackage

/// A system call on a file that failed: which one, on what, and why.
package struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    package let operation: String
    package let path: String
    package let code: Errno

    package init(_ operation: String, _ path: String, _ code: Errno) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    package var description: String { "cannot \(operation) \(path): \(code)" }

    /// Whether the disk or a quota is full: the admin frees space, nothing else is wrong.
    package var isFull: Bool { code == .noSpace || code == .diskQuotaExceeded }
}

/// Runs a call and names what it was about where it fails.
func naming<Result: ~Copyable>(
    _ operation: String, _ path: @autoclosure () -> String, _ body: () throws(Errno) -> Result
) throws(FileError) -> Result {
    do {
        return try body()
    } catch {
        throw FileError(operation, path(), error)
    }
}
