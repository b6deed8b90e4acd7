internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Both ends of a pipe (`man 2 pipe2`), close-on-exec.
struct Pipe: ~Copyable {
    let reading: Descriptor
    let writing: Descriptor

    init() throws(Errno) {
        var ends: [Int32] = [-1, -1]
        _ = try check { unsafe pipe2(&ends, O_CLOEXEC) }
        reading = Descriptor(owning: ends[0])
        writing = Descriptor(owning: ends[1])
    }

    /// Closes the other end.
    consuming func keepReading() -> Descriptor { reading }
}
