internal import FuseSession
internal import LinuxSystem
internal import SystemPackage

// Extended attributes, POSIX ACLs among them (`system.posix_acl_access`): the kernel asks for an ACL once and judges by it, like a disk filesystem.
extension PlaneFiles {
    /// The largest value that Linux allows (XATTR_SIZE_MAX), and list (XATTR_LIST_MAX).
    private static var largest: Int { 65_536 }

    func getxattr(_ request: consuming ExtendedAttributeRequest, node id: NodeID, name: borrowing PathBytes) {
        let room = unsafe Self.room(request.size)
        defer { unsafe room.deallocate() }
        let count: Int
        do throws(Errno) {
            count = try unsafe attributed(id).descriptor.extendedAttribute(name, into: room)
        } catch {
            // The kernel takes no other error for "there is no ACL": on a file system that has none (squashfs, vfat), everything would be refused
            // to everybody but root.
            let isACL = name.equals("system.posix_acl_access") || name.equals("system.posix_acl_default")
            return request.fail(isACL && error == .notSupported ? .noData : error)
        }
        if unsafe room.isEmpty { return request.reply(size: count) }
        unsafe request.reply(UnsafeRawBufferPointer(rebasing: room[..<count]))
    }

    func listxattr(_ request: consuming ExtendedAttributeRequest, node id: NodeID) {
        // This process is shown `trusted.` names, which a disk shows to root alone.
        let isRoots = request.caller.uid == 0
        let room = unsafe Self.room(isRoots ? request.size : Self.largest)
        defer { unsafe room.deallocate() }
        var count: Int
        do throws(Errno) {
            count = try unsafe attributed(id).descriptor.extendedAttributes(into: room)
        } catch { return request.fail(error) }
        if !isRoots { count = unsafe Self.leaveOutTrusted(UnsafeMutableRawBufferPointer(rebasing: room[..<count])) }
        if request.size == 0 { return request.reply(size: count) }
        guard count <= request.size else { return request.fail(.outOfRange) }
        unsafe request.reply(UnsafeRawBufferPointer(rebasing: room[..<count]))
    }

    /// - Returns: how many bytes of the list are left, from its beginning on. Each name ends with a NUL.
    private static func leaveOutTrusted(_ list: UnsafeMutableRawBufferPointer) -> Int {
        let names = unsafe list.split(separator: 0).filter { unsafe !$0.starts(with: "trusted.".utf8) }.map {
            unsafe Array($0) + [0]
        }
        let kept = names.flatMap(\.self)
        unsafe list.copyBytes(from: kept)
        return kept.count
    }

    private static func room(_ size: Int) -> UnsafeMutableRawBufferPointer {
        .allocate(byteCount: min(size, largest), alignment: 1)
    }

    private func attributed(_ id: NodeID) throws(Errno) -> SharedDescriptor {
        let node = try node(id)
        if source.mount(node.mount).isSealed { throw .noData }
        return try location(id, node)
    }
}
