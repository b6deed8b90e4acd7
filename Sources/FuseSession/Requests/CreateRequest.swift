internal import CFuse3
package import SystemPackage

/// A file made and opened in one operation: answered by its entry and the open file.
@safe package struct CreateRequest: ~Copyable {
    let origin: Origin
    package var caller: Caller { origin.caller }

    deinit { origin.fail(.ioError) }

    package consuming func fail(_ error: Errno) {
        origin.fail(error)
        discard self
    }

    /// See `EntryRequest.reply` and `OpenRequest.reply`; false where the kernel took neither.
    @discardableResult package consuming func reply(_ entry: Entry, _ handle: Handle, _ options: OpenOptions = []) -> Bool {
        let open = fuse_open_out(fh: handle.rawValue, open_flags: options.rawValue, padding: 0)
        let taken = origin.succeed(with: CreateReply(entry: fuse_entry_out(entry), open: open))
        discard self
        return taken
    }

    @discardableResult package consuming func reply(
        _ entry: Entry, _ handle: Handle, backing: BackingID, _ options: OpenOptions = .noFlush
    ) -> Bool {
        let open = fuse_open_out(handle, backing: backing, options)
        let taken = origin.succeed(with: CreateReply(entry: fuse_entry_out(entry), open: open))
        discard self
        return taken
    }
}

/// The two structures one after the other, as the protocol wants them: both are multiples of eight bytes.
private struct CreateReply: BitwiseCopyable {
    let entry: fuse_entry_out
    let open: fuse_open_out
}

extension fuse_entry_out {
    init(_ entry: Entry) {
        self.init()
        nodeid = entry.node.rawValue
        // The node id holds its own generation.
        generation = 0
        entry_valid = entry.entryLifetime.seconds
        entry_valid_nsec = entry.entryLifetime.nanoseconds
        attr_valid = entry.attributesLifetime.seconds
        attr_valid_nsec = entry.attributesLifetime.nanoseconds
        attr = entry.attributes.raw
    }
}
