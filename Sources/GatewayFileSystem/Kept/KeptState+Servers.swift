internal import SystemPackage

extension KeptState {
    /// The code that a server ended with in order; nil where none did.
    var endingCode: Int32? { words[.ending] == 0 ? nil : Int32(clamping: words[.ending] - 1) }

    /// Whether the server that is there serves.
    var isServing: Bool {
        get { words[.serving] != 0 }
        set { words[.serving] = newValue ? 1 : 0 }
    }

    /// Whether the last server ended by a fault of its own, and not because somebody ended it.
    var endedByFault: Bool {
        get { words[.fault] != 0 }
        set { words[.fault] = newValue ? 1 : 0 }
    }

    /// The process that serves, or served last; nil where none has.
    var server: Int32? {
        get { words[.server] == 0 ? nil : Int32(truncatingIfNeeded: words[.server]) }
        set { words[.server] = UInt64(newValue ?? 0) }
    }

    /// In a server: has it leave that it ended by a fault.
    func markFaults() throws(Errno) { try unsafe FaultMark.leave(in: words.address(of: .fault)) }

    /// A server ends in order, and the view with it.
    func end(with code: Int32) { words[.ending] = UInt64(code) + 1 }
}
