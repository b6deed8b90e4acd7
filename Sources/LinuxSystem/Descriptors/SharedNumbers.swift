internal import CLinux

/// Numbers of descriptors in shared memory: what one process has opened while it served, the next finds.
@safe package final class SharedNumbers: @unchecked Sendable {
    // @unchecked: of one thread at a time; each number is stored whole.
    private let memory: SharedMemory
    private let numbers: UnsafeMutableBufferPointer<Int32>

    package init(_ memory: SharedMemory) {
        self.memory = memory
        unsafe numbers = unsafe memory.bytes.bindMemory(to: Int32.self)
    }

    package var rawDescriptor: Int32 { memory.rawDescriptor }

    /// Those that are kept.
    package var all: [Int32] { unsafe numbers.filter { $0 != 0 } }

    /// Keeps a number above 0; false where there is no more room.
    package func keep(_ number: Int32) -> Bool { replace(0, by: number) }

    package func drop(_ number: Int32) { _ = replace(number, by: 0) }

    private func replace(_ number: Int32, by other: Int32) -> Bool {
        guard let slot = unsafe numbers.firstIndex(of: number) else { return false }
        unsafe numbers[slot] = other
        return true
    }
}
