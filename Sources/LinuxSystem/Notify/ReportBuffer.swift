package import SystemPackage

/// What a `FilesystemMonitor` reports, in memory that outlives the process that reads.
///
/// The queue gives each report once. So one that was read and not worked through when its reader was killed is found here by the next.
@safe package final class ReportBuffer: @unchecked Sendable {
    // @unchecked: of one thread at a time, that which reads.
    private let memory: UnsafeMutableRawBufferPointer
    /// Keeps the memory.
    private let owner: any AnyObject & Sendable
    /// How many bytes are not zero, as far as this process knows.
    private var used = 0

    /// Bytes of memory that it wants.
    package static let size = 256 << 10

    package convenience init(_ memory: SharedMemory) { unsafe self.init(memory.bytes, of: memory) }

    package init(_ memory: UnsafeMutableRawBufferPointer, of owner: any AnyObject & Sendable) {
        unsafe self.memory = unsafe memory
        self.owner = owner
    }

    /// Gives `body` what somebody before has read and not worked through; nothing where there is no such thing. It stays here until `clear`.
    package func resume(_ body: (UnsafeRawBufferPointer) -> Void) {
        // Behind the reports are zeros, which are none.
        unsafe body(UnsafeRawBufferPointer(memory))
        used = unsafe memory.count
    }

    /// Gives `body` the next reports. They are here, behind those before, until `clear`.
    package func next<Result>(
        of monitor: borrowing FilesystemMonitor, _ body: (UnsafeRawBufferPointer) -> Result
    ) throws(Errno) -> Result {
        let start = used
        used += try unsafe monitor.read(into: UnsafeMutableRawBufferPointer(rebasing: memory[start...]))
        return unsafe body(UnsafeRawBufferPointer(rebasing: memory[start..<used]))
    }

    /// All that was given is worked through.
    package func clear() {
        unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<used]).initializeMemory(as: UInt8.self, repeating: 0)
        used = 0
    }
}
