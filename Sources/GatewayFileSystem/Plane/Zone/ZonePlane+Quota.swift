internal import FuseSession
internal import LinuxSystem
internal import SystemPackage

// What a zone with a quota does around each change; in one without, the change alone.
extension ZonePlane {
    /// Makes a name in `directory`, of `inodes` new inodes.
    @inline(__always)
    func makingName<Result>(
        in directory: borrowing PlaneFiles.Directory, inodes: Int64, _ body: () throws(Errno) -> Result
    ) throws(Errno) -> Result {
        guard let usage else { return try body() }
        return try usage.counting(directory.descriptor.descriptor, try usage.reserveName(inodes: inodes), body)
    }

    /// Removes a name from `directory`, and what it names with it, if it was the last.
    @inline(__always)
    func removingName(
        _ name: borrowing PathBytes, in directory: borrowing PlaneFiles.Directory, _ body: () throws(Errno) -> Void
    ) throws(Errno) {
        guard let usage else { return try body() }
        let found = try? files.source.find(name, in: directory.descriptor.descriptor, on: directory.mount)
        try usage.counting(directory.descriptor.descriptor, ZoneUsage.Reservation(), body)
        if let found { lostName(found, usage) }
    }

    /// Moves a name, and removes what had the new one.
    @inline(__always)
    func movingName(
        _ name: borrowing PathBytes, _ from: borrowing PlaneFiles.Directory, _ newName: borrowing PathBytes,
        _ to: borrowing PlaneFiles.Directory,
        _ flags: RenameFlags, _ body: () throws(Errno) -> Void
    ) throws(Errno) {
        guard let usage else { return try body() }
        let moved = try? files.source.find(name, in: from.descriptor.descriptor, on: from.mount)
        let replaced = try? files.source.find(newName, in: to.descriptor.descriptor, on: to.mount)
        // A name that is there already only leads elsewhere afterwards.
        var reservation = ZoneUsage.Reservation()
        if replaced == nil { reservation = try usage.reserveName(inodes: 0, mayOverdraw: true) }
        // Before and after: a look at the whole zone that ends or begins in between misses the name otherwise.
        if let moved { usage.gotName(moved.status, moved.handle) }
        let source = from.descriptor
        try usage.counting(to.descriptor.descriptor, reservation) { () throws(Errno) in
            try usage.counting(source.descriptor, ZoneUsage.Reservation(), body)
        }
        if let moved { usage.gotName(moved.status, moved.handle) }
        guard let replaced else { return }
        if flags.contains(.exchange) {
            usage.gotName(replaced.status, replaced.handle)
        } else if replaced.status.inode != moved?.status.inode {
            lostName(replaced, usage)
        }
    }

    /// Changes how much a file takes otherwise than by writing: to less, or by `attribute` bytes of an extended attribute.
    @inline(__always)
    func resizing(
        _ file: borrowing Descriptor, attribute: Int? = nil, _ body: () throws(Errno) -> Void
    ) throws(Errno) {
        guard let usage else { return try body() }
        var reservation = ZoneUsage.Reservation()
        // In whole blocks, and one for how they are found.
        if let attribute { reservation = try usage.reserve((Int64(attribute) / usage.block + 2) * usage.block) }
        try usage.counting(file, reservation, body)
    }

    private func lostName(_ found: Source.Found, _ usage: ZoneUsage) {
        guard usage.lostName(found.status), let id = files.nodes.find(found.handle, mount: found.mount.index) else { return }
        files.letGo(id)
    }

    func statfs(_ request: consuming StatisticsRequest, _ id: NodeID, _ usage: ZoneUsage) {
        let statistics: FileSystemStatistics
        do throws(Errno) {
            // Of the root: the kernel asks for names that may be gone, and the zone is on one disk.
            statistics = try files.source.root.descriptor.fileSystemStatistics()
        } catch { return request.fail(error) }
        request.reply(usage.statistics(statistics))
    }
}
