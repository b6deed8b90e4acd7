internal import CLinux
internal import GitRepository
internal import LinuxSystem
internal import SystemPackage

/// Both ends of a pipe, close-on-exec.
struct SourcePipe: ~Copyable {
    let read: Descriptor
    let write: Descriptor

    /// Closes the writing end.
    consuming func keepReading() -> Descriptor { read }
}

func pipe() throws(GitError) -> SourcePipe {
    var ends: [Int32] = [-1, -1]
    do throws(Errno) {
        _ = try check { unsafe pipe2(&ends, O_CLOEXEC) }
    } catch {
        throw GitError(.system, "cannot make a pipe: \(error)")
    }
    return SourcePipe(read: Descriptor(owning: ends[0]), write: Descriptor(owning: ends[1]))
}
