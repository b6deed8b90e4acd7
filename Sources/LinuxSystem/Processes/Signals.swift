internal import CLinux
package import SystemPackage

/// Signals as something to read (`man 2 signalfd`): no handler ever interrupts a thread that serves.
package struct Signals: ~Copyable {
    private let descriptor: Descriptor
    package var rawDescriptor: Int32 { descriptor.rawValue }

    /// Blocks `numbers` in this thread and in all that it starts from then on, and reads them here.
    package init(_ numbers: [Int32]) throws(Errno) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in numbers { unsafe sigaddset(&set, number) }
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        descriptor = Descriptor(owning: try check { unsafe signalfd(-1, &set, O_CLOEXEC | O_NONBLOCK) })
    }

    /// The next signal that has come, and the process that it came from; nil when there is none.
    package func next() -> (number: Int32, sender: Int32)? {
        // struct signalfd_siginfo: 128 bytes, the number first, the sender fourth.
        var information: InlineArray<32, UInt32> = .init(repeating: 0)
        var span = information.mutableSpan
        let raw = descriptor.rawValue
        let count = unsafe span.withUnsafeMutableBytes { unsafe read(raw, $0.baseAddress, $0.count) }
        return count == 128 ? (Int32(information[0]), Int32(bitPattern: information[3])) : nil
    }
}
