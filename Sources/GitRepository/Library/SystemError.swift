internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Makes a system call and puts what was tried before its error. ENOSPC, EIO and their like are `system`, ENOENT is `notFound`.
@discardableResult
func attempt<Result: SignedInteger>(_ what: @autoclosure () -> String, _ call: () -> Result) throws(GitError) -> Result {
    do {
        return try check(call)
    } catch {
        throw GitError(error == .noSuchFileOrDirectory ? .notFound : .system, "\(what()): \(error.description)")
    }
}
