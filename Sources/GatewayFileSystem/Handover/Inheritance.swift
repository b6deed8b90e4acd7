internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The descriptors that a keeper leaves to another program's, by what they are; under the same numbers there, since kept memory names files by them.
final class Inheritance {
    /// A descriptor, and what it is for; without a name, for what kept memory says of it.
    struct Entry: Hashable, Sendable {
        let name: String
        let number: Int32

        init(_ name: String, _ number: Int32) {
            self.name = name
            self.number = number
        }
    }

    private var numbers: [String: Int32] = [:]
    private var reserved: ReservedNumbers?

    /// - Parameter end: above the numbers that are to come.
    init(below end: Int32) throws(Errno) { reserved = try ReservedNumbers(below: end) }

    /// Takes in what came as one packet. EEXIST where a number is this process's own.
    func add(_ entries: [Entry], received: [Int32]) throws(Errno) {
        guard entries.count == received.count else { throw .protocolError }
        for (entry, descriptor) in zip(entries, received) {
            try reserved?.place(descriptor, at: entry.number)
            if !entry.name.isEmpty { numbers[entry.name] = entry.number }
        }
    }

    /// All has come.
    func complete() {
        guard let left = reserved.take() else { return }
        left.giveBack()
    }

    func has(_ name: String) -> Bool { numbers[name] != nil }

    /// The one of that name, once.
    func take(_ name: String) throws(GatewayError) -> Descriptor {
        guard let number = numbers.removeValue(forKey: name) else {
            throw .failure("the process that serves the view has not handed on its '\(name)'")
        }
        return Descriptor(owning: number)
    }
}
