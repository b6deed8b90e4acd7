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
        if let (changes, reports) = coherence?.descriptors {
            entries += [Inheritance.Entry("changes", changes), Inheritance.Entry("reports", reports)]
        }
        if let (doings, reports, zone) = directWatch?.descriptors {
            entries += [
                Inheritance.Entry("doings", doings), Inheritance.Entry("doings' reports", reports), Inheritance.Entry("zone", zone),
            ]
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
    static func coherence(from inheritance: Inheritance) throws(GatewayError) -> Coherence? {
        guard inheritance.has("changes") else { return nil }
        let monitor = FilesystemMonitor(adopting: try inheritance.take("changes"))
        let reports = ReportBuffer(try memory(ReportBuffer.size, inheritance.take("reports")))
        do throws(Errno) {
            return try Coherence(monitor, reports, overflowed: sayOverflow)
        } catch {
            throw .failure("changes below the view cannot be watched: \(error)")
        }
    }

    static func directWatch(_ sandbox: String, from inheritance: Inheritance) throws(GatewayError) -> DirectRecord.Watch? {
        guard inheritance.has("doings") else { return nil }
        let monitor = FilesystemMonitor(adopting: try inheritance.take("doings"))
        let reports = ReportBuffer(try memory(ReportBuffer.size, inheritance.take("doings' reports")))
        let zone = try inheritance.take("zone")
        do throws(Errno) {
            return try DirectRecord.Watch(sandbox, zone, monitor, reports)
        } catch {
            throw .failure("what is done in the sandbox cannot be watched: \(error)")
        }
    }
}
