internal import CLinux
package import SystemPackage

/// An open file descriptor with one owner: it is closed when its owner lets go of it, once, and cannot be copied.
package struct Descriptor: ~Copyable, Sendable {
    /// The number that system calls take. Valid only while this value lives: borrow the descriptor, never keep the number.
    package let rawValue: Int32

    /// Takes over `rawValue`, which nobody else may close from here on.
    package init(owning rawValue: Int32) {
        self.rawValue = rawValue
    }

    deinit {
        // See `man 2 close`: on Linux the number is free again whatever close says, so a failure is never retried.
        _ = close(rawValue)
    }

    /// Gives up ownership without closing.
    package consuming func release() -> Int32 {
        let value = rawValue
        discard self
        return value
    }

    /// Another descriptor of the same open file description, close-on-exec (`man 2 fcntl`, F_DUPFD_CLOEXEC).
    package borrowing func duplicate() throws(Errno) -> Descriptor {
        let raw = rawValue
        return Descriptor(owning: try check { pinfold_fcntl(raw, F_DUPFD_CLOEXEC, 0) })
    }
}

/// A descriptor that several owners share; it is closed when the last of them lets go.
///
/// Borrow it through `descriptor` for the length of a call: a number kept beyond that may by then be another file's.
package final class SharedDescriptor: Sendable {
    package let descriptor: Descriptor

    package init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }
}
