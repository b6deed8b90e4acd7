internal import CLinux

/// The flags of `renameat2` (`man 2 renameat2`).
package struct RenameFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Fails with EEXIST where the new name exists.
    package static let noReplace = RenameFlags(rawValue: UInt32(pinfold_RENAME_NOREPLACE))
    /// Exchanges the two names.
    package static let exchange = RenameFlags(rawValue: UInt32(pinfold_RENAME_EXCHANGE))
    /// Leaves a whiteout, a character device, at the old name.
    package static let whiteout = RenameFlags(rawValue: UInt32(pinfold_RENAME_WHITEOUT))
}
