internal import CLinux
package import SystemPackage

/// Both ends of a pipe (`man 2 pipe2`), close-on-exec.
package struct Pipe: ~Copyable, Sendable {
    package let reading: Descriptor
    package let writing: Descriptor

    /// - Parameter nonBlocking: both ends answer EAGAIN instead of waiting.
    package init(nonBlocking: Bool = false) throws(Errno) {
        var ends: [Int32] = [-1, -1]
        _ = try check { unsafe pipe2(&ends, O_CLOEXEC | (nonBlocking ? O_NONBLOCK : 0)) }
        reading = Descriptor(owning: ends[0])
        writing = Descriptor(owning: ends[1])
    }

    /// Closes the other end.
    package consuming func keepReading() -> Descriptor { reading }
}
