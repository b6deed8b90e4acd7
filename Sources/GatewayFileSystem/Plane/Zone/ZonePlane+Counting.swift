internal import CLinux
internal import FuseSession
internal import LinuxSystem
internal import SystemPackage

// What is done before a file with several names is refused. `Links` may know of fewer than there are in the zone: after a start, after reports of
// changes were lost, and when one came late. A refusal is right only where they were looked for.
extension ZonePlane {
    /// Runs `body`, which asks `permitInode`; where that knows of too few names, has them looked for, and runs `body` again.
    ///
    /// Nothing may be held that waits for names which are being made: no share of `arrangement`.
    @inline(__always)
    func countingNames<Result>(
        _ act: inout Act, _ body: (inout Act) throws(Errno) -> Result
    ) throws(Errno) -> Result {
        // All that was found may be lost again before it is used, to a directory that moved beside the mount.
        for _ in 0..<Self.searches {
            do throws(Errno) {
                return try body(&act)
            } catch {
                guard let uncounted = act.uncounted, mayHaveNames(uncounted.id, uncounted.node) else { throw error }
                act = Act(act.operation, act.caller)
            }
        }
        return try body(&act)
    }

    private static var searches: Int { 16 }

    /// Looks for names of a file.
    ///
    /// - Returns: false where it has one that is not in the zone.
    private func mayHaveNames(_ id: NodeID, _ node: Node) -> Bool {
        let file = Links.number(node.handle)
        let losses = files.links.losses
        // Who is making, moving or removing a name at this moment counts it first.
        arrangement.alone {}
        guard let location = try? files.location(id, node), let status = try? location.descriptor.status() else { return false }
        if files.links.count(file) >= Int(status.links) { return true }
        if status.links == 1, sawOnlyName(location.descriptor, file) { return true }
        let isDone =
            files.links.wasLookedFor(status.changed, now: SystemClock.monotonic)
            || search.withLock { _ in
                // Somebody else may have looked while this waited.
                files.links.wasLookedFor(status.changed, now: SystemClock.monotonic) || files.links.count(file) >= Int(status.links)
                    || lookForNames(status.inode)
            }
        guard isDone, let after = try? location.descriptor.status(), after.changed == status.changed else { return true }
        return files.links.count(file) >= Int(after.links) || files.links.losses != losses
    }

    /// Counts the one name that a file has where the kernel knows it, and it is in the zone.
    private func sawOnlyName(_ file: borrowing Descriptor, _ number: UInt64) -> Bool {
        do throws(Errno) {
            let path = try files.path(of: file)
            guard let slash = path.lastIndex(of: UInt8(ascii: "/")) ?? (path.isEmpty ? nil : -1) else { return false }
            let flags: OpenFlags = [.path, .directory, .noFollow]
            let root = files.source.root
            let parent =
                slash > 0
                ? try Array(path[..<slash]).withPathBytes { name throws(Errno) in try root.descriptor.open(name, flags) }
                : try root.descriptor.open(".", flags)
            let handle = slash > 0 ? try files.source.handle(of: parent) : files.source.rootHandle
            files.filter?.add(handle)
            let name = Array(path[(slash + 1)...])
            let key = unsafe name.withUnsafeBufferPointer { unsafe Links.key(handle, $0) }
            files.links.saw(key, of: number)
            // Still its only one, or it was another's before.
            guard try file.status().links == 1, try files.path(of: file) == path else {
                files.links.forget(name: key, of: number)
                return false
            }
            return true
        } catch {
            return false
        }
    }

    /// Looks at every name in the zone, and counts those of files with several, and of `inode`.
    ///
    /// Each is counted while nobody makes, moves or removes one, so that none is counted where it is no more; between two of them everything
    /// goes on, and whoever makes or moves a name counts it.
    ///
    /// - Returns: whether it came to an end, and nothing that was known was lost meanwhile.
    private func lookForNames(_ inode: UInt64) -> Bool {
        let started = SystemClock.monotonic
        // A timestamp is as old as the filesystem's grain of time, at most two seconds.
        var before = SystemClock.now
        before.seconds -= 2
        let losses = files.links.begin()
        var directories = [files.source.rootHandle]
        do throws(Errno) {
            repeat {
                try files.source.walk(
                    next: { files.links.nextMoved() ?? directories.popLast() }, add: { directories.append($0) }
                ) { name, _, directory, parent throws(Errno) in
                    guard let status = try? directory.status(of: name, local: true) else { return false }
                    if status.kind == .directory { return true }
                    if status.links > 1 || status.inode == inode { count(name, in: directory, parent, inode) }
                    return false
                }
                let took = SystemClock.monotonic - started
                let until = SystemClock.monotonic + max(took * 20, 10_000_000_000)
                if let isWhole = arrangement.alone({ files.links.end(losses, before: before, until: until) }) { return isWhole }
            } while files.source.rootHandle.isHandle
        } catch {}
        files.links.giveUp()
        return false
    }

    private func count(_ name: borrowing PathBytes, in directory: borrowing Descriptor, _ parent: FileHandle, _ inode: UInt64) {
        arrangement.alone {
            // The kernel need not know the directory: a name in it that goes is to be reported all the same.
            files.filter?.add(parent)
            guard let found = try? files.source.find(name, in: directory, on: files.source.rootMount),
                found.status.kind != .directory
            else { return }
            let key = unsafe Links.key(parent, name.bytes)
            files.links.found(key, of: Links.number(found.handle), isWanted: found.status.inode == inode)
        }
    }
}
