internal import LinuxSystem

/// A bounded number of values, the recently used ones: a cache in front of making them anew, never the only way to one.
///
/// Evicted by the second-chance clock. An evicted value ends when its last user lets go of it, outside the lock.
final class RecentlyUsed<Value: AnyObject & Sendable>: Sendable {
    private struct Slot {
        var key: UInt64
        var value: Value?
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

    @inline(__always)
    private func shard(_ key: UInt64) -> Lock<Shard> {
        shards[Int(truncatingIfNeeded: (key & 0xffff_ffff) &* 0x9e37_79b9 >> 16) & (shards.count - 1)]
    }

    func find(_ key: UInt64) -> Value? {
        shard(key).withLock { shard in
            guard let slot = shard.index[key] else { return nil }
            shard.slots[slot].used = true
            return shard.slots[slot].value
        }
    }

    func keep(_ value: Value, _ key: UInt64) {
        // The evicted one leaves the closure alive and is closed after the lock is.
        let evicted: Value? = shard(key).withLock { shard in
            if let slot = shard.index[key] {
                let old = shard.slots[slot].value
                shard.slots[slot].value = value
                return old
            }
            if shard.slots.count < shard.capacity {
                shard.index[key] = shard.slots.count
                shard.slots.append(Slot(key: key, value: value, used: false))
                return nil
            }
            while shard.slots[shard.hand].used {
                shard.slots[shard.hand].used = false
                shard.hand = (shard.hand + 1) % shard.slots.count
            }
            let victim = shard.slots[shard.hand]
            if victim.value != nil { shard.index[victim.key] = nil }
            shard.slots[shard.hand] = Slot(key: key, value: value, used: false)
            shard.index[key] = shard.hand
            shard.hand = (shard.hand + 1) % shard.slots.count
            return victim.value
        }
        _ = evicted
    }

    func drop(_ key: UInt64) {
        let dropped: Value? = shard(key).withLock { shard in
            guard let slot = shard.index.removeValue(forKey: key) else { return nil }
            let old = shard.slots[slot].value
            shard.slots[slot].value = nil
            shard.slots[slot].used = false
            return old
        }
        _ = dropped
    }
}
