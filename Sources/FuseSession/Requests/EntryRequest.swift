internal import CFuse3
package import SystemPackage

/// A question for a name, or for something newly made: answered by an entry.
@safe package struct EntryRequest: ~Copyable {
    let origin: Origin
    package var caller: Caller { origin.caller }

    deinit { origin.fail(.ioError) }

    package consuming func fail(_ error: Errno) {
        origin.fail(error)
        discard self
    }

    /// Replies the entry, which counts as one lookup of its node. False where the kernel did not take it, and the count must be
    /// taken back.
    @discardableResult package consuming func reply(_ entry: Entry) -> Bool {
        let taken = origin.succeed(with: fuse_entry_out(entry))
        discard self
        return taken
    }

    /// There is no such name, and the kernel may remember so for `lifetime`. For lookups alone.
    package consuming func replyAbsent(for lifetime: Lifetime) {
        if lifetime == .none {
            origin.fail(.noSuchFileOrDirectory)
        } else {
            var entry = fuse_entry_out()
            entry.entry_valid = lifetime.seconds
            entry.entry_valid_nsec = lifetime.nanoseconds
            _ = origin.succeed(with: entry)
        }
        discard self
    }
}
