internal import CLinux
package import LinuxSystem
package import SystemPackage

/// The kernel's table of files that it reads and writes in the place of FUSE files (FUSE_DEV_IOC_BACKING_OPEN and _CLOSE, Linux
/// 6.9; CAP_SYS_ADMIN).
package final class BackingFiles: Sendable {
    private let device: SharedDescriptor

    init(device: SharedDescriptor) { self.device = device }

    /// Registers `file`, an O_PATH descriptor: the kernel opens it for each open of the FUSE file, as that is opened, and holds the inode until the
    /// answer ends. ELOOP where its file system is stacked itself, EPERM without CAP_SYS_ADMIN, EOPNOTSUPP for what is not a regular file.
    ///
    /// The kernel reads and writes with the credentials that this thread has now, those of `user`.
    package func open(_ file: borrowing Descriptor, for user: UInt32) throws(Errno) -> BackingFile {
        let raw = file.rawValue
        let id = BackingID(rawValue: UInt32(try check { pinfold_fuse_backing_open(device.descriptor.rawValue, raw) }))
        return BackingFile(id: id, user: user, device: device)
    }
}

/// A file that the kernel has registered, until nobody refers to this; FUSE files that are open with it stay so.
package final class BackingFile: Sendable {
    package let id: BackingID
    /// Whose credentials the kernel uses.
    package let user: UInt32
    private let device: SharedDescriptor

    init(id: BackingID, user: UInt32, device: SharedDescriptor) {
        self.id = id
        self.user = user
        self.device = device
    }

    deinit { _ = pinfold_fuse_backing_close(device.descriptor.rawValue, id.rawValue) }
}
