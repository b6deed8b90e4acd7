internal import CLinux
package import SystemPackage

/// A mount that is in no directory yet, or a tree of them: it is gone with this value unless it was attached.
package struct DetachedMount: ~Copyable, Sendable {
    /// O_PATH, of the mount's root.
    package let root: Descriptor

    /// - Parameter root: of such a mount; the last descriptor of the same open file keeps it.
    package init(_ root: consuming Descriptor) { self.root = root }

    /// The attributes of a mount (`man 2 mount_setattr`).
    package struct Attributes: OptionSet, Sendable {
        package let rawValue: UInt64
        package init(rawValue: UInt64) { self.rawValue = rawValue }
        package static let readOnly = Attributes(rawValue: UInt64(PINFOLD_MOUNT_ATTR_RDONLY))
        package static let noSetuid = Attributes(rawValue: UInt64(PINFOLD_MOUNT_ATTR_NOSUID))
        package static let noDevices = Attributes(rawValue: UInt64(PINFOLD_MOUNT_ATTR_NODEV))
        package static let noExecution = Attributes(rawValue: UInt64(PINFOLD_MOUNT_ATTR_NOEXEC))
        package static let noAccessTime = Attributes(rawValue: UInt64(PINFOLD_MOUNT_ATTR_NOATIME))
    }

    /// A copy of the mount that `directory` is on, from that directory down; with `recursive`, of the mounts below it too (`man 2
    /// open_tree`). It propagates nothing in either direction and has `attributes` on all of it.
    package static func clone(
        of directory: borrowing Descriptor, recursive: Bool, _ attributes: Attributes
    ) throws(Errno) -> DetachedMount {
        try clone(of: directory, "", recursive: recursive, attributes)
    }

    /// The same of `path` in `directory`.
    package static func clone(
        of directory: borrowing Descriptor, _ path: String, recursive: Bool, _ attributes: Attributes
    ) throws(Errno) -> DetachedMount {
        let raw = directory.rawValue
        let flags = PINFOLD_OPEN_TREE_CLONE | O_CLOEXEC | pinfold_AT_EMPTY_PATH | (recursive ? PINFOLD_AT_RECURSIVE : 0)
        let mount = DetachedMount(Descriptor(owning: try check { unsafe pinfold_open_tree(raw, path, UInt32(flags)) }))
        let root = mount.root.rawValue
        var change = pinfold_mount_attr(
            attr_set: attributes.rawValue, attr_clr: 0, propagation: UInt64(PINFOLD_MS_PRIVATE), userns_fd: 0)
        let scope = pinfold_AT_EMPTY_PATH | (recursive ? PINFOLD_AT_RECURSIVE : 0)
        _ = try check { unsafe pinfold_mount_setattr(root, "", UInt32(scope), &change) }
        return mount
    }

    /// A new superblock (`man 2 fsopen`): `parameters` with a value are set as strings, those without as flags.
    package static func new(
        type: String, _ parameters: [(key: String, value: String?)], _ attributes: Attributes
    ) throws(Errno) -> DetachedMount {
        let context = Descriptor(owning: try check { unsafe pinfold_fsopen(type, 1) })  // FSOPEN_CLOEXEC
        let raw = context.rawValue
        for (key, value) in parameters {
            if let value {
                _ = try check { unsafe pinfold_fsconfig(raw, UInt32(PINFOLD_FSCONFIG_SET_STRING), key, value, 0) }
            } else {
                _ = try check { unsafe pinfold_fsconfig(raw, UInt32(PINFOLD_FSCONFIG_SET_FLAG), key, nil, 0) }
            }
        }
        _ = try check { pinfold_fsconfig(raw, UInt32(PINFOLD_FSCONFIG_CMD_CREATE), nil, nil, 0) }
        return DetachedMount(Descriptor(owning: try check { pinfold_fsmount(raw, 1, UInt32(attributes.rawValue)) }))
    }

    /// Puts the mount over `directory` (`man 2 move_mount`), where it stays. This value must go, or the mount would be busy for as
    /// long as it is there.
    package consuming func attach(to directory: borrowing Descriptor) throws(Errno) {
        let raw = root.rawValue
        let target = directory.rawValue
        // MOVE_MOUNT_F_EMPTY_PATH and MOVE_MOUNT_T_EMPTY_PATH.
        _ = try check { unsafe pinfold_move_mount(raw, "", target, "", 0x4 | 0x40) }
    }
}

/// Mounts that are in the tree.
package enum Unmounting {
    /// Takes the uppermost mount at `path` away, a symbolic link's own; with `lazily` also one that is in use, which then goes when
    /// its last user does (`man 2 umount2`).
    package static func unmount(_ path: String, lazily: Bool) throws(Errno) {
        _ = try check { unsafe umount2(path, PINFOLD_UMOUNT_NOFOLLOW | (lazily ? PINFOLD_MNT_DETACH : 0)) }
    }

    /// The same lazily for the mount whose root `directory` refers to, without the path being walked again.
    package static func detach(_ directory: borrowing Descriptor) throws(Errno) {
        let raw = directory.rawValue
        _ = try unsafe withMagicLink(raw) { link throws(Errno) in try check { unsafe umount2(link, PINFOLD_MNT_DETACH) } }
    }
}
