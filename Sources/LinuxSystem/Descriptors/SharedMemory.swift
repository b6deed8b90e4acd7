internal import CLinux
package import SystemPackage

/// Memory that is shared with the twins that this process starts later (`TwinProcess`), and with whoever has its descriptor; all zero in the beginning. It is as it
/// was when a process that wrote there was killed.
@safe package final class SharedMemory: @unchecked Sendable {
    // @unchecked: who writes what, and when, is its users' to say.
    package let bytes: UnsafeMutableRawBufferPointer
    private let file: Descriptor

    /// - Parameter size: in bytes, of whole pages.
    package convenience init(size: Int) throws(Errno) {
        let file = Descriptor(owning: try check { unsafe pinfold_memfd_create("pinfold-shared") })
        try file.truncate(to: Int64(size))
        try self.init(takingOver: file, size: size)
    }

    /// Memory that another program has made.
    package init(takingOver file: consuming Descriptor, size: Int) throws(Errno) {
        guard try file.status().size == UInt64(size) else { throw .invalidArgument }
        let raw = file.rawValue
        guard let mapped = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, raw, 0), Int(bitPattern: mapped) != -1 else {
            throw .current
        }
        unsafe bytes = UnsafeMutableRawBufferPointer(start: mapped, count: size)
        self.file = file
    }

    deinit { unsafe munmap(bytes.baseAddress, bytes.count) }

    package var rawDescriptor: Int32 { file.rawValue }
}
