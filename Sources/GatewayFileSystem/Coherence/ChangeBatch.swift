internal import CLinux
internal import FuseSession
internal import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

/// What reads of the queue brought: names are taken back at once, in the order of their changes, and what they say of directories
/// and files when it is asked for (`tell`), once however often they changed.
struct ChangeBatch: ~Copyable {
    private let coherence: Coherence
    private let ownProcess = getpid()
    /// The process that served before this one, as long as there may be reports of what it did.
    var formerProcess: Int32?
    private var planes: [Coherence.Plane?] = []
    private var filesystems: [FilesystemMonitor.FilesystemID: [Coherence.Sighting]] = [:]
    private var changed: [Target: Change] = [:]
    private var notifications: UInt64 = 0
    private var overflowed = false
    /// Planes in which a name that is hidden came or went.
    private var hiddenNamesChanged: Set<Int> = []

    private var recent = Recent()

    /// The directory that the last event was about, and its number in each plane that sees it: changes come in runs of one directory.
    ///
    /// Of one read of the queue at most. All that it brought had happened before, so who was not known at the first look has been
    /// answered since with what is so.
    private struct Recent {
        var filesystem: FilesystemMonitor.FilesystemID?
        var sightings: [Coherence.Sighting] = []
        var directory: FileHandle?
        /// One for each sighting.
        var parents: [NodeID?] = []
    }

    private struct Target: Hashable {
        let plane: Int
        let node: NodeID
    }

    /// What is taken back of a file.
    private struct Change {
        /// Its pages, or a directory's listing, besides the attributes.
        var content: Bool
        /// A name of it, should the kernel not know the inode yet.
        var parent: NodeID?
        var name: [UInt8]
    }

    init(_ coherence: Coherence) {
        self.coherence = coherence
    }

    /// - Returns: how many events there were.
    mutating func process(_ bytes: UnsafeRawBufferPointer) -> Int {
        (planes, filesystems) = coherence.watched.withLock { ($0.planes, $0.filesystems) }
        overflowed = false
        recent = Recent()
        hiddenNamesChanged.removeAll(keepingCapacity: true)
        let count = unsafe FilesystemEvent.forEach(in: bytes) { take($0) }
        for plane in hiddenNamesChanged { if let files = planes[plane]?.files { coherence.hiddenNames.changed(in: files) } }
        countNotifications()
        if overflowed { coherence.overflowed() }
        return count
    }

    private mutating func take(_ event: borrowing FilesystemEvent) {
        if event.changes.hasAny(of: .overflow) {
            takeBackEverything()
            return
        }
        guard let filesystem = event.filesystem else { return }
        let directory = event.directory.flatMap { unsafe FileHandle(bytes: $0.bytes, type: $0.type) }
        turn(to: directory, on: filesystem)
        let object = event.object.flatMap { unsafe FileHandle(bytes: $0.bytes, type: $0.type) }
        let process = event.process
        let isServer = process == ownProcess || process == formerProcess
        for index in recent.sightings.indices {
            let sighting = recent.sightings[index]
            guard let plane = planes[sighting.plane] else { continue }
            // What a server does in a zone was asked for by the zone's kernel, which learns of it from the answer.
            if isServer, plane.files.zone.isWritable { continue }
            take(event, directory, recent.parents[index], object, sighting, plane)
        }
    }

    private mutating func turn(to directory: FileHandle?, on filesystem: FilesystemMonitor.FilesystemID) {
        if recent.filesystem?.rawValue != filesystem.rawValue {
            recent.filesystem = filesystem
            recent.sightings = filesystems[filesystem] ?? []
        } else if recent.directory == directory {
            return
        }
        recent.directory = directory
        recent.parents.removeAll(keepingCapacity: true)
        for sighting in recent.sightings {
            let nodes = planes[sighting.plane]?.files.nodes
            recent.parents.append(directory.flatMap { nodes?.find($0, mount: sighting.mount) })
        }
    }

    private mutating func take(
        _ event: borrowing FilesystemEvent, _ directory: FileHandle?, _ parent: NodeID?, _ object: FileHandle?,
        _ sighting: Coherence.Sighting, _ plane: Coherence.Plane
    ) {
        let changes = event.changes
        // A directory's own attributes come with the name `.`.
        let name = unsafe event.name.flatMap { unsafe $0.count == 1 && $0[0] == UInt8(ascii: ".") ? nil : $0 }
        let isAboutNames = changes.hasAny(of: .names)
        guard let subject = object ?? (unsafe name == nil ? directory : nil) else { return }
        let node = plane.files.nodes.find(subject, mount: sighting.mount)
        if isAboutNames, let directory, let name = unsafe name {
            let went = changes.hasAny(of: .departures)
            unsafe plane.files.nameWent(
                name, in: directory, child: went ? object : nil, on: plane.files.source.mount(sighting.mount))
            if changes.hasAny(of: .onDirectory), changes.hasAny(of: .moves) {
                if let node { plane.files.directoryMoved(node) }
                plane.files.namesMoved(directory, on: plane.files.source.mount(sighting.mount))
            }
            if !went, changes.hasAny(of: .created), let node { plane.files.gotName(node) }
            if unsafe plane.hides(name) { hiddenNamesChanged.insert(sighting.plane) }
            if let parent {
                unsafe takeBack(name, in: parent, plane, isDirectory: changes.hasAny(of: .onDirectory))
                note(Target(plane: sighting.plane, node: parent), content: true, nil, [])
            }
        }
        let content = changes.hasAny(of: .content)
        if let node {
            note(Target(plane: sighting.plane, node: node), content: content, parent, unsafe name.map { unsafe Array($0) } ?? [])
        } else if !isAboutNames, let parent, let name = unsafe name {
            // Perhaps on its way to the kernel in an answer that was made before the change.
            unsafe doubt(Array(name), in: parent, plane)
        }
    }

    private mutating func note(_ target: Target, content: Bool, _ parent: NodeID?, _ name: [UInt8]) {
        var change = changed[target] ?? Change(content: false, parent: nil, name: [])
        change.content = change.content || content
        if let parent, !name.isEmpty {
            change.parent = parent
            change.name = name
        }
        changed[target] = change
    }

    /// Whether there is nothing to tell of files and directories.
    var isEmpty: Bool { changed.isEmpty }

    private mutating func countNotifications() {
        let (notifications, overflowed) = (notifications, overflowed)
        coherence.counted.withLock { counts in
            counts.notifications += notifications
            counts.overflows += overflowed ? 1 : 0
        }
        self.notifications = 0
    }

    /// Tells of the files and directories that changed. They come after the names: by then no listing that was under way is.
    mutating func tell() {
        overflowed = false
        for (target, change) in changed {
            guard let plane = planes[target.plane] else { continue }
            notifications += 1
            if change.content { plane.files.dataChanges() }
            do throws(Errno) {
                // A negative offset keeps the pages.
                try plane.notifier.invalidateInode(target.node, offset: change.content ? 0 : -1, length: 0)
            } catch {
                if error == .noSuchFileOrDirectory, let parent = change.parent { doubt(change.name, in: parent, plane) }
            }
        }
        changed.removeAll(keepingCapacity: true)
        countNotifications()
    }

    /// The name leads elsewhere now.
    private mutating func takeBack(
        _ name: UnsafeBufferPointer<UInt8>, in parent: NodeID, _ plane: Coherence.Plane, isDirectory: Bool
    ) {
        let base = unsafe UnsafeRawPointer(name.baseAddress.unsafelyUnwrapped).assumingMemoryBound(to: CChar.self)
        let path = unsafe PathBytes(borrowing: base, count: name.count)
        notifications += 1
        // Taking back a name detaches what is mounted on it and below, a zone or the agent's own /proc, so a directory's is only
        // made doubtful: the kernel asks again at its next use, and detaches only if the answer is another directory. A file's goes
        // at once, with the inode behind it, or a deleted file would keep its space.
        if isDirectory {
            try? plane.notifier.expireEntry(path, in: parent)
        } else {
            try? plane.notifier.invalidateEntry(path, in: parent)
        }
    }

    /// The kernel asks again at the next use of the name. This waits until no look-up in the directory is under way.
    private mutating func doubt(_ name: [UInt8], in parent: NodeID, _ plane: Coherence.Plane) {
        notifications += 1
        name.withPathBytes { name in try? plane.notifier.expireEntry(name, in: parent) }
    }

    /// Changes were lost: nothing that the kernel knows can be relied upon. All names become doubtful at once, which detaches the
    /// zones' mounts too, so that the agent rather has no zone than a wrong view; then each file's attributes and pages go.
    private mutating func takeBackEverything() {
        overflowed = true
        for plane in planes {
            guard let plane else { continue }
            plane.files.directoryMoved()
            plane.files.links.forgetAll()
            plane.files.dataChanges()
            notifications += 1
            try? plane.notifier.increaseEpoch()
            for node in plane.files.nodes.all {
                notifications += 1
                try? plane.notifier.invalidateInode(node, offset: 0, length: 0)
            }
        }
    }
}
