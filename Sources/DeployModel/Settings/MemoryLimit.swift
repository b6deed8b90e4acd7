/// What some processes may use of the memory in sum: so many bytes, a share of what the machine has, or as much as there is.
package enum MemoryLimit: Sendable, Hashable {
    case unlimited
    case bytes(UInt64)
    case percent(UInt64)

    /// Less than this starts nothing.
    package static let least: UInt64 = 64 << 20

    /// The limit on a machine with so much memory; nil for none.
    package func bytes(of machine: UInt64) -> UInt64? {
        switch self {
        case .unlimited: nil
        case .bytes(let bytes): bytes
        case .percent(let percent): max(machine / 100 * percent, Self.least)
        }
    }
}
