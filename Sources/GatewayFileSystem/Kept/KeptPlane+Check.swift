internal import FuseSession
internal import LinuxSystem

// Memory that was written by another process, perhaps of another build, is believed only as far as it makes sense: what is served from it is
// found by its numbers, without another look.
extension KeptPlane {
    /// Looks at all that is kept of a plane that was used.
    func check() throws(KeptError) {
        guard session.once.isPlausible, session.backings.isPlausible, opens.withLock({ $0.isPlausible }), paths.isPlausible
        else {
            throw KeptError("a table has more rows than there can be")
        }
        let mounts = knownMounts
        guard mounts.first?.isSealed == 0 else { throw KeptError("the mount of the root is missing") }
        for mount in mounts where mount.anchor < -1 || mount.isSealed > 1 { throw KeptError("mount \(mount.number) is none") }
        guard Set(mounts.map(\.number)).count == mounts.count else { throw KeptError("a mount is there twice") }
        for index in 0..<KeptLayout.shards { try check(shard(index), index, mounts: mounts.count) }
        try checkOpenFiles()
    }

    private func check(_ shard: KeptShard, _ index: Int, mounts: Int) throws(KeptError) {
        let isRoots = index == Int(NodeID.root.rawValue)
        guard unsafe shard.pages.pointee <= UInt32(KeptLayout.shardPages) else {
            throw KeptError("part \(index) of the nodes has no end")
        }
        var next = shard.nextUsed(from: 0)
        guard unsafe !isRoots || next == 0 && isRoot(shard.nodes.pointee) else { throw KeptError("the root is missing") }
        while let page = next {
            for slot in page * KeptLayout.pageNodes..<(page + 1) * KeptLayout.pageNodes where !(isRoots && slot == 0) {
                let node = unsafe shard.nodes[slot]
                if node.lookups == 0 { continue }
                guard node.hasKind, node.handle.isPossible, Int(node.mount) < mounts, 1...0x7fff_ffff ~= node.generation,
                    NodeTable.shard(of: node.handle, mount: node.mount, seed) == index
                else { throw KeptError("node \(slot) of part \(index) is none") }
            }
            next = shard.nextUsed(from: page + 1)
        }
    }

    private func isRoot(_ node: Node) -> Bool {
        node.lookups == .max && node.generation == 0 && node.isDirectory && node.handle.isPossible && node.mount == 0
    }

    private func checkOpenFiles() throws(KeptError) {
        let isPossible = opens.withLock { rows in
            (0..<rows.count).allSatisfy { row in
                let file = rows[row]
                return file.opens == 0
                    || file.location >= -1 && file.writer >= -1 && file.isPassedThrough <= 1 && file.node > NodeID.root.rawValue
            }
        }
        guard isPossible else { throw KeptError("an open file is none") }
    }
}

extension FileHandle {
    /// Whether there can be such a one.
    fileprivate var isPossible: Bool { type == 0 ? length == 0 : type < 255 && 1...Self.capacity ~= Int(length) }
}
