internal import FuseSession
internal import LinuxSystem

/// A bounded number of open descriptors, the recently used ones: a cache in front of opening by handle, never the only way to a file.
///
/// Evicted by the second-chance clock. An evicted descriptor is closed when its last user lets go of it, outside the lock.
final class DescriptorCache: Sendable {
    /// What a cached descriptor is good for.
    enum Use: UInt64, Sendable {
        /// O_PATH: attributes, names below it.
        case place
        /// Opened for reading.
        case reading
    }

    private struct Slot {
        var key: UInt64
        var descriptor: SharedDescriptor?
        var used: Bool
    }

    private struct Shard {
        var index: [UInt64: Int] = [:]
        var slots: [Slot] = []
        var hand = 0
        let capacity: Int
    }

    private let shards: [Lock<Shard>]

    init(capacity: Int) {
        let count = capacity >= 256 ? 8 : 1
        shards = (0..<count).map { _ in Lock(Shard(capacity: max(capacity / count, 4))) }
    }

    /// Ids use 63 bits at most; the use goes into the highest.
    private static func key(_ id: NodeID, _ use: Use) -> UInt64 { id.rawValue | use.rawValue << 63 }
    private func shard(_ key: UInt64) -> Lock<Shard> {
        shards[Int(truncatingIfNeeded: (key & 0xffff_ffff) &* 0x9e37_79b9 >> 16) & (shards.count - 1)]
    }

    func find(_ id: NodeID, _ use: Use) -> SharedDescriptor? {
        let key = Self.key(id, use)
        return shard(key).withLock { shard in
            guard let slot = shard.index[key] else { return nil }
            shard.slots[slot].used = true
            return shard.slots[slot].descriptor
        }
    }

    func keep(_ descriptor: SharedDescriptor, _ id: NodeID, _ use: Use) {
        let key = Self.key(id, use)
        // The evicted one leaves the closure alive and is closed after the lock is.
        let evicted: SharedDescriptor? = shard(key).withLock { shard in
            if let slot = shard.index[key] {
                let old = shard.slots[slot].descriptor
                shard.slots[slot].descriptor = descriptor
                return old
            }
            if shard.slots.count < shard.capacity {
                shard.index[key] = shard.slots.count
                shard.slots.append(Slot(key: key, descriptor: descriptor, used: false))
                return nil
            }
            while shard.slots[shard.hand].used {
                shard.slots[shard.hand].used = false
                shard.hand = (shard.hand + 1) % shard.slots.count
            }
            let victim = shard.slots[shard.hand]
            if victim.descriptor != nil { shard.index[victim.key] = nil }
            shard.slots[shard.hand] = Slot(key: key, descriptor: descriptor, used: false)
            shard.index[key] = shard.hand
            shard.hand = (shard.hand + 1) % shard.slots.count
            return victim.descriptor
        }
        _ = evicted
    }

    /// Lets go of what is cached of `id`: the kernel forgot it, or it must be opened anew.
    func drop(_ id: NodeID) {
        drop(id, .place)
        drop(id, .reading)
    }

    func drop(_ id: NodeID, _ use: Use) {
        let key = Self.key(id, use)
        let dropped: SharedDescriptor? = shard(key).withLock { shard in
            guard let slot = shard.index.removeValue(forKey: key) else { return nil }
            let old = shard.slots[slot].descriptor
            shard.slots[slot].descriptor = nil
            shard.slots[slot].used = false
            return old
        }
        _ = dropped
    }
}
