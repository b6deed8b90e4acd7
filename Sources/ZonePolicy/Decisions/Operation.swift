/// What is done to a node that exists, whatever its name.
package enum NodeOperation: UInt8, Sendable, Hashable, CaseIterable {
    /// Attributes, content, entries, extended attributes: nothing changes.
    case read
    /// Open for writing, write, truncate, fallocate, copy into, shared writable map.
    case write
    /// chmod, chown, utimens, flags.
    case setAttributes
    /// Set or remove an extended attribute or an ACL.
    case setExtendedAttribute
    /// Give the node a further name; the new name is asked about separately, as `NameOperation.link`.
    case linkFrom
    /// `O_TMPFILE`: an unnamed file in this directory.
    case makeUnnamed
}

/// What is done to a final name in a directory. Renames have a function of their own: they have two names.
package enum NameOperation: UInt8, Sendable, Hashable, CaseIterable {
    case create, makeDirectory, makeSymbolicLink, makeFIFO, makeSocket, makeDevice
    /// A hard link: the name given to an inode that exists.
    case link
    case unlink, removeDirectory

    /// Whether the name is new afterwards.
    package var makes: Bool { self != .unlink && self != .removeDirectory }
}

/// How a rename treats the name that it moves to (`man 2 renameat2`).
package enum RenameMode: UInt8, Sendable, Hashable, CaseIterable {
    case replace, noReplace, exchange
    /// `RENAME_WHITEOUT` leaves a device node behind, which zones do not have.
    case whiteout
}
