internal import FuseSession
internal import LinuxSystem

/// A bounded number of open descriptors: a cache in front of opening by handle.
final class DescriptorCache: Sendable {
    /// What a cached descriptor is good for.
    enum Use: UInt64, Sendable {
        /// O_PATH: attributes, names below it.
        case location
        /// Opened for reading.
        case reading
    }

    private let descriptors: RecentlyUsed<SharedDescriptor>

    init(capacity: Int) { descriptors = RecentlyUsed(capacity: capacity) }

    /// Ids use 63 bits at most; the use goes into the highest.
    private static func key(_ id: NodeID, _ use: Use) -> UInt64 { id.rawValue | use.rawValue << 63 }

    func find(_ id: NodeID, _ use: Use) -> SharedDescriptor? { descriptors.find(Self.key(id, use)) }
    func keep(_ descriptor: SharedDescriptor, _ id: NodeID, _ use: Use) { descriptors.keep(descriptor, Self.key(id, use)) }
    func drop(_ id: NodeID, _ use: Use) { descriptors.drop(Self.key(id, use)) }

    /// Lets go of what is cached of `id`: the kernel forgot it, or it must be opened anew.
    func drop(_ id: NodeID) {
        drop(id, .location)
        drop(id, .reading)
    }
}
