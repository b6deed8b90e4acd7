internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Bytes that a program reads, once, from descriptors of its own: a pipe each, filled, with nobody left to write to it.
struct HandedBytes: ~Copyable {
    private let ends: [SharedDescriptor]

    /// - Throws: EFBIG where a pipe does not hold them.
    init(_ handed: [[UInt8]]) throws(Errno) {
        var ends: [SharedDescriptor] = []
        for bytes in handed {
            let pipe = try Pipe(nonBlocking: true)
            let raw = pipe.writing.rawValue
            guard bytes.count <= Phase.mostHanded, unsafe write(raw, bytes, bytes.count) == bytes.count else { throw .fileTooLarge }
            // Its reader waits, should it ask before it is told of the end.
            let reading = SharedDescriptor(pipe.keepReading())
            _ = try check { pinfold_fcntl(reading.descriptor.rawValue, F_SETFL, 0) }
            ends.append(reading)
        }
        self.ends = ends
    }

    /// This process's numbers, in order.
    var numbers: [Int32] { ends.map { $0.descriptor.rawValue } }

    /// The program has its own copies by then.
    consuming func close() {}
}
