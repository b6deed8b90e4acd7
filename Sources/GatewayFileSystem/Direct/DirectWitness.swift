internal import AuditLog
internal import CLinux
internal import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

/// Makes records of the kernel's reports. One thread's.
struct DirectWitness: ~Copyable {
    private var directories: ZoneDirectories
    private let trail: AuditTrail
    /// The zone's own path on the machine.
    private let root: [UInt8]
    /// Whose making or writing of a file has been told, until he closes it.
    private var told: Set<Writing> = []
    /// Files that were made of late: one more name of theirs is a link.
    private var made: Set<FileHandle> = []
    /// Who was behind a number in this batch.
    private var doers: [Int32: Doer] = [:]
    /// Whether reports were lost since `begin`.
    private(set) var hasLost = false

    private struct Writing: Hashable {
        let file: FileHandle
        let process: Int32
    }

    private struct Doer {
        let user: UInt32
        let command: [UInt8]

        init(_ process: Int32) {
            let status = (try? SmallFile.read("/proc/\(process)/status", limit: 16384)) ?? []
            // `Uid:` with the real, effective, saved and that for files (`man 5 proc_pid_status`).
            let line = status.split(separator: UInt8(ascii: "\n")).first { $0.starts(with: "Uid:".utf8) }
            let number = line?.split(whereSeparator: { $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: " ") }).last
            user = number.flatMap { UInt32(String(decoding: $0, as: UTF8.self)) } ?? AuditEvent.unknownUser
            let name = (try? SmallFile.read("/proc/\(process)/comm", limit: 64)) ?? []
            command = name.last == UInt8(ascii: "\n") ? name.dropLast() : name
        }
    }

    init(_ directories: consuming ZoneDirectories, _ trail: AuditTrail, root: [UInt8]) {
        self.directories = directories
        self.trail = trail
        self.root = root
    }

    /// Looks at what is there, once what changes is reported.
    mutating func begin() {
        hasLost = false
        let wasFull = directories.isFull
        directories.learn()
        complainIfFull(before: wasFull)
    }

    /// - Returns: how many reports there were.
    mutating func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        doers.removeAll(keepingCapacity: true)
        if told.count > Self.mostFiles { told.removeAll() }
        if made.count > Self.mostFiles { made.removeAll() }
        let wasFull = directories.isFull
        let count = unsafe FilesystemEvent.forEach(in: bytes) { take($0) }
        complainIfFull(before: wasFull)
        return count
    }

    private static let mostFiles = 16_384

    private func complainIfFull(before: Bool) {
        guard directories.isFull, !before else { return }
        Report.say("the sandbox has more directories than are kept in mind: what is done in the others is not recorded")
    }

    private mutating func take(_ event: borrowing FilesystemEvent) {
        if event.changes.hasAny(of: .overflow) {
            trail.recordDropped(1)
            hasLost = true
            return
        }
        guard let directory = event.directory.flatMap({ unsafe FileHandle(bytes: $0.bytes, type: $0.type) }) else { return }
        // The whole file system's changes come by: most are about nothing in the zone.
        let place = directories.path(directory)
        if place == nil, !event.changes.hasAny(of: .renamed) { return }
        guard let name = unsafe event.name.map({ unsafe Array($0) }) else { return }
        let object = event.object.flatMap { unsafe FileHandle(bytes: $0.bytes, type: $0.type) }
        let isDirectory = event.changes.hasAny(of: .onDirectory)
        if event.changes.hasAny(of: .renamed) {
            guard let newDirectory = event.newDirectory.flatMap({ unsafe FileHandle(bytes: $0.bytes, type: $0.type) }),
                let newName = unsafe event.newName.map({ unsafe Array($0) })
            else { return }
            return renamed(
                object, isDirectory, from: (directory, name), to: (newDirectory, newName), event.process)
        }
        guard let place else { return }
        // A directory's own attributes come with the name `.`.
        let path = root + place + (name == [UInt8(ascii: ".")] ? [] : [UInt8(ascii: "/")] + name)
        if event.changes.hasAny(of: .created) {
            if isDirectory, let object { directories.add(object, in: directory, named: name) }
            tell(isDirectory ? .mkdir : making(object, event.process), path, event.process)
        }
        if event.changes.hasAny(of: .content), let object { written(object, path, event.changes, event.process) }
        if event.changes.hasAny(of: .attributes) { tell(.setattr, path, event.process) }
        if event.changes.hasAny(of: .deleted) {
            if isDirectory, let object { directories.remove(object) }
            tell(isDirectory ? .rmdir : .unlink, path, event.process)
        }
    }

    /// What a name that came was made by, as far as the file says it.
    private mutating func making(_ file: FileHandle?, _ process: Int32) -> AuditOperation {
        guard let file else { return .create }
        guard made.insert(file).inserted else { return .link }
        guard let status = directories.status(file) else {
            // Gone by now: what is still to come of its first writing is this making's.
            told.insert(Writing(file: file, process: process))
            return .create
        }
        switch status.kind {
        case .symbolicLink: return .symlink
        case .regular where status.links > 1: return .link
        case .regular:
            told.insert(Writing(file: file, process: process))
            return .create
        default: return .mknod
        }
    }

    /// Once for each opening, as far as that can be told: at its first writing, or at its end where it wrote nothing.
    private mutating func written(_ file: FileHandle, _ path: [UInt8], _ changes: FilesystemEvent.Changes, _ process: Int32) {
        let writing = Writing(file: file, process: process)
        let isNew = told.insert(writing).inserted
        if changes.hasAny(of: .closedAfterWriting) { told.remove(writing) }
        if isNew { tell(.open, path, process) }
    }

    private typealias Name = (directory: FileHandle, name: [UInt8])

    private mutating func renamed(_ object: FileHandle?, _ isDirectory: Bool, from: Name, to: Name, _ process: Int32) {
        let old = directories.path(from.directory).map { root + $0 + [UInt8(ascii: "/")] + from.name }
        let new = directories.path(to.directory).map { root + $0 + [UInt8(ascii: "/")] + to.name }
        if isDirectory, let object {
            if new == nil { directories.remove(object) } else { directories.add(object, in: to.directory, named: to.name) }
            // Nothing of it was known before.
            if old == nil, new != nil { directories.learn(below: object) }
        }
        switch (old, new) {
        case (let old?, let new?): tell(.rename, old, process, to: new)
        case (let old?, nil): tell(isDirectory ? .rmdir : .unlink, old, process)
        case (nil, let new?): tell(isDirectory ? .mkdir : .create, new, process)
        case (nil, nil): break
        }
    }

    private mutating func tell(_ operation: AuditOperation, _ path: [UInt8], _ process: Int32, to second: [UInt8]? = nil) {
        let doer = doers[process] ?? Doer(process)
        doers[process] = doer
        var event = AuditEvent(operation)
        event.path = path
        event.second = second
        event.process = process
        event.command = doer.command
        event.user = doer.user
        event.zone = Zone.sandbox.label
        trail.record(event)
    }
}
