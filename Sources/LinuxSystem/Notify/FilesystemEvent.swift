internal import CLinux

/// One change, as a window on the bytes that the kernel wrote (`struct fanotify_event_metadata` and its info records): valid as long as they are.
@safe package struct FilesystemEvent {
    package struct Changes: OptionSet, Sendable {
        package let rawValue: UInt64
        package init(rawValue: UInt64) { self.rawValue = rawValue }

        package static let created = Changes(rawValue: UInt64(FAN_CREATE))
        package static let deleted = Changes(rawValue: UInt64(FAN_DELETE))
        package static let movedFrom = Changes(rawValue: UInt64(FAN_MOVED_FROM))
        package static let movedTo = Changes(rawValue: UInt64(FAN_MOVED_TO))
        /// Both at once: where the name was, and where it is.
        package static let renamed = Changes(rawValue: UInt64(FAN_RENAME))
        /// Any of those that change what a name leads to.
        package static let names: Changes = [.created, .deleted, .movedFrom, .movedTo]
        /// Those after which a name leads nowhere.
        package static let departures: Changes = [.deleted, .movedFrom]
        package static let moves: Changes = [.movedFrom, .movedTo]
        package static let modified = Changes(rawValue: UInt64(FAN_MODIFY))
        package static let closedAfterWriting = Changes(rawValue: UInt64(FAN_CLOSE_WRITE))
        /// Any of those after which the content may be another.
        package static let content: Changes = [.modified, .closedAfterWriting]
        package static let attributes = Changes(rawValue: UInt64(FAN_ATTRIB))
        package static let onDirectory = Changes(rawValue: UInt64(FAN_ONDIR))
        /// Events were lost.
        package static let overflow = Changes(rawValue: UInt64(FAN_Q_OVERFLOW))

        /// Whether any of `others` is among them. Asked some times an event: a set's own questions go through witnesses from another module, which
        /// took as long as all else.
        package func hasAny(of others: Changes) -> Bool { rawValue & others.rawValue != 0 }
    }

    /// A file handle's bytes and its type.
    @safe package struct Handle {
        package let bytes: UnsafeRawBufferPointer
        package let type: Int32
    }

    /// All of it, as the kernel wrote it.
    package let bytes: UnsafeRawBufferPointer
    package fileprivate(set) var changes: Changes
    /// The process that made the change, as this process's PID namespace has it; 0 for one outside.
    package fileprivate(set) var process: Int32
    package fileprivate(set) var filesystem: FilesystemMonitor.FilesystemID?
    /// The directory whose name it is about; with `name` `.`, a directory itself.
    package fileprivate(set) var directory: Handle?
    /// A NUL follows.
    package fileprivate(set) var name: UnsafeBufferPointer<UInt8>?
    /// The file that changed, or that the name led to or leads to.
    package fileprivate(set) var object: Handle?
    /// Of `renamed` the directory that has the name now, where `directory` and `name` say what was.
    package fileprivate(set) var newDirectory: Handle?
    package fileprivate(set) var newName: UnsafeBufferPointer<UInt8>?

    /// Calls `body` with each event of `bytes`, which the kernel filled. What does not have the shape that it should ends the walk.
    ///
    /// - Returns: how many there were.
    @discardableResult
    package static func forEach(in bytes: UnsafeRawBufferPointer, _ body: (borrowing FilesystemEvent) -> Void) -> Int {
        var offset = 0
        var count = 0
        let header = MemoryLayout<fanotify_event_metadata>.size
        while offset + header <= bytes.count {
            let metadata = unsafe bytes.loadUnaligned(fromByteOffset: offset, as: fanotify_event_metadata.self)
            let length = Int(metadata.event_len)
            guard length >= header, offset + length <= bytes.count, metadata.vers == UInt8(FANOTIFY_METADATA_VERSION),
                header...length ~= Int(metadata.metadata_len)
            else { break }
            var event = unsafe FilesystemEvent(
                bytes: UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + length)]),
                changes: Changes(rawValue: metadata.mask), process: metadata.pid, filesystem: nil, directory: nil, name: nil,
                object: nil, newDirectory: nil, newName: nil)
            unsafe event.take(UnsafeRawBufferPointer(rebasing: bytes[(offset + Int(metadata.metadata_len))..<(offset + length)]))
            body(event)
            offset += length
            count += 1
        }
        return count
    }

    /// How many of `bytes`, which begin with an event, are whole events.
    package static func wholeEvents(in bytes: UnsafeRawBufferPointer) -> Int {
        var offset = 0
        while offset + MemoryLayout<fanotify_event_metadata>.size <= bytes.count {
            let length = unsafe Int(bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
            guard length >= MemoryLayout<fanotify_event_metadata>.size, offset + length <= bytes.count else { break }
            offset += length
        }
        return offset
    }

    /// An event that says that others were lost.
    package static let loss: [UInt8] = {
        var event = fanotify_event_metadata()
        event.event_len = UInt32(MemoryLayout<fanotify_event_metadata>.size)
        event.metadata_len = UInt16(MemoryLayout<fanotify_event_metadata>.size)
        event.vers = UInt8(FANOTIFY_METADATA_VERSION)
        event.mask = UInt64(FAN_Q_OVERFLOW)
        return unsafe withUnsafeBytes(of: event) { unsafe Array($0) }
    }()

    /// Reads the info records: 4 bytes of header, 8 of filesystem, 8 of handle's length and type, the handle, and a name where there is one.
    private mutating func take(_ records: UnsafeRawBufferPointer) {
        var offset = 0
        while offset + 4 <= records.count {
            let type = unsafe Int32(records[offset])
            let length = unsafe Int(records.loadUnaligned(fromByteOffset: offset + 2, as: UInt16.self))
            guard length >= 4, offset + length <= records.count else { return }
            let record = unsafe UnsafeRawBufferPointer(rebasing: records[offset..<(offset + length)])
            offset += length
            guard Self.isRead(type), length >= 20 else { continue }
            filesystem = unsafe FilesystemMonitor.FilesystemID(rawValue: record.loadUnaligned(fromByteOffset: 4, as: UInt64.self))
            let size = unsafe Int(record.loadUnaligned(fromByteOffset: 12, as: UInt32.self))
            let handleType = unsafe record.loadUnaligned(fromByteOffset: 16, as: Int32.self)
            guard 20 + size <= length else { return }
            let handle = unsafe Handle(bytes: UnsafeRawBufferPointer(rebasing: record[20..<(20 + size)]), type: handleType)
            if type == FAN_EVENT_INFO_TYPE_FID {
                object = handle
                continue
            }
            let isNew = type == FAN_EVENT_INFO_TYPE_NEW_DFID_NAME
            if isNew { newDirectory = handle } else { directory = handle }
            guard type != FAN_EVENT_INFO_TYPE_DFID else { continue }
            let rest = unsafe UnsafeRawBufferPointer(rebasing: record[(20 + size)...])
            guard let end = unsafe rest.firstIndex(of: 0) else { continue }
            let found = unsafe UnsafeRawBufferPointer(rebasing: rest[..<end]).bindMemory(to: UInt8.self)
            if isNew { unsafe newName = found } else { unsafe name = found }
        }
    }

    /// Whether records of `type` are read.
    private static func isRead(_ type: Int32) -> Bool {
        switch type {
        case FAN_EVENT_INFO_TYPE_FID, FAN_EVENT_INFO_TYPE_DFID, FAN_EVENT_INFO_TYPE_DFID_NAME, FAN_EVENT_INFO_TYPE_OLD_DFID_NAME,
            FAN_EVENT_INFO_TYPE_NEW_DFID_NAME:
            true
        default: false
        }
    }
}
