internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Makes a system call and puts what was tried before its error. ENOSPC, EIO and their like are `system`, ENOENT is `notFound`.
@discardableResult
func attempt<Result: SignedInteger>(_ what: @autoclosure () -> String, _ call: () -> Result) throws(GitError) -> Result {
    do {
        return try check(call)
    } catch {
        throw GitError(afterSystem: error, what())
    }
}

/// Opens what the daemon or the admin names; `failure` comes before the error.
func openFile(
    _ path: String, _ flags: OpenFlags, mode: UInt32 = 0, or failure: @autoclosure () -> String
) throws(GitError) -> Descriptor {
    do {
        return try Descriptor.open(path, flags, mode: mode)
    } catch {
        throw GitError(afterSystem: error, failure())
    }
}

extension GitError {
    fileprivate init(afterSystem error: Errno, _ what: String) {
        self.init(error == .noSuchFileOrDirectory ? .notFound : .system, "\(what): \(error.description)")
    }
}
