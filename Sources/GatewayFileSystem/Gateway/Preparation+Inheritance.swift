internal import AuditLog
internal import LinuxSystem
internal import SystemPackage

// What goes from one program's keeper to another's.
extension Preparation {
    /// All of it that is open. What is not in here the next one makes itself, or finds in kept memory.
    var inheritance: [Inheritance.Entry] {
        var entries = [
            Inheritance.Entry("lock", mountpoint.lock.rawDescriptor),
            Inheritance.Entry("mountpoint", mountpoint.directory.rawValue),
            Inheritance.Entry("tally", tally.rawDescriptor), Inheritance.Entry("connected", connected.rawDescriptor),
            Inheritance.Entry("manager", manager.rawDescriptor), Inheritance.Entry("entrance", entrance?.rawDescriptor ?? -1),
            Inheritance.Entry("audit", socket?.rawDescriptor ?? -1),
        ]
        if let (queue, memory) = feed?.descriptors {
            entries += [Inheritance.Entry("changes", queue), Inheritance.Entry("changes' memory", memory)]
        }
        if let door { entries.append(Inheritance.Entry("changes' door", door.rawDescriptor)) }
        if let coherence { entries.append(Inheritance.Entry("changes' seat", coherence.seat.rawDescriptor)) }
        if let (doings, zone) = directWatch?.descriptors {
            entries += [Inheritance.Entry("doings' seat", doings), Inheritance.Entry("zone", zone)]
        }
        return entries + planes.flatMap(\.descriptors)
    }

    static func memory(_ size: Int, _ file: consuming Descriptor) throws(GatewayError) -> SharedMemory {
        do throws(Errno) {
            return try SharedMemory(takingOver: file, size: size)
        } catch {
            throw .failure("shared memory cannot be taken over: \(error)")
        }
    }

    /// What is watched goes on being watched, and no report is lost; nothing where it was not.
    static func feed(from inheritance: Inheritance) throws(GatewayError) -> ChangeFeed? {
        guard inheritance.has("changes") else { return nil }
        let queue = try inheritance.take("changes")
        let memory = try inheritance.take("changes' memory")
        do throws(Errno) {
            return try ChangeFeed(FilesystemMonitor(adopting: queue), FeedMemory(adopting: memory))
        } catch {
            throw unwatched(error)
        }
    }

    static func door(_ mountpoint: String, _ feed: ChangeFeed?, from inheritance: Inheritance) throws(GatewayError) -> FeedDoor? {
        guard let feed, inheritance.has("changes' door") else { return nil }
        return FeedDoor(adopting: try inheritance.take("changes' door"), MountRuntime(mountpoint: mountpoint).feed, feed)
    }

    static func coherence(_ feed: ChangeFeed?, from inheritance: Inheritance) throws(GatewayError) -> Coherence? {
        guard let feed, inheritance.has("changes' seat") else { return nil }
        let seat = try inheritance.take("changes' seat")
        let subscription: Subscription
        do throws(Errno) { subscription = try feed.subscription(seat) } catch { throw unwatched(error) }
        return try coherence(feed, subscription)
    }

    private static func unwatched(_ error: Errno) -> GatewayError {
        .failure("changes below the view cannot be watched: \(error)")
    }

    static func directWatch(
        _ sandbox: String, _ feed: ChangeFeed?, from inheritance: Inheritance
    ) throws(GatewayError) -> DirectRecord.Watch? {
        guard let feed, inheritance.has("doings' seat") else { return nil }
        let seat = try inheritance.take("doings' seat")
        let zone = try inheritance.take("zone")
        do throws(Errno) {
            return try DirectRecord.Watch(sandbox, zone, feed, feed.subscription(seat))
        } catch {
            throw .failure("what is done in the sandbox cannot be watched: \(error)")
        }
    }
}
