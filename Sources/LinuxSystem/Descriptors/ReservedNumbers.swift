internal import CLinux
package import SystemPackage

/// Numbers of descriptors that are kept free for those of another process, which are to have the same ones here: what this process opens meanwhile gets others.
package struct ReservedNumbers: ~Copyable {
    private var numbers: Set<Int32>

    /// Takes all from 3 up to `end`, without that. What is open there, a caller's that did not close it, is closed.
    package init(below end: Int32) throws(Errno) {
        let lowest = try check { eventfd(0, O_CLOEXEC) }
        // Above them, so that it is in nobody's way.
        let placeholder = try check { pinfold_fcntl(lowest, F_DUPFD_CLOEXEC, Int64(end)) }
        close(lowest)
        defer { close(placeholder) }
        let all = 3..<max(end, 3)
        for number in all { _ = try check { pinfold_dup3(placeholder, number) } }
        numbers = Set(all)
    }

    /// Gives the descriptor `received` the number `number`. EEXIST where this process has that one itself.
    package mutating func place(_ received: Int32, at number: Int32) throws(Errno) {
        if received == number { return }
        defer { close(received) }
        guard numbers.remove(number) != nil || !ThisProcess.hasDescriptor(number) else { throw .fileExists }
        _ = try check { pinfold_dup3(received, number) }
    }

    /// The others are free again.
    package consuming func giveBack() { for number in numbers { close(number) } }
}
