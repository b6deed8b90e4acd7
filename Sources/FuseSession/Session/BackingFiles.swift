internal import CLinux
package import LinuxSystem
package import SystemPackage

/// The kernel's table of files that it reads and writes in the place of FUSE files (FUSE_DEV_IOC_BACKING_OPEN and _CLOSE, Linux
/// 6.9; CAP_SYS_ADMIN).
package final class BackingFiles: Sendable {
    private let device: SharedDescriptor

    init(device: SharedDescriptor) { self.device = device }

    /// Registers `file`: open for what the FUSE opens will do, O_RDWR for all. The kernel holds the open file itself, so the
    /// descriptor may be closed. ELOOP where its file system is stacked itself, EPERM without CAP_SYS_ADMIN, EOPNOTSUPP for what is
    /// not a regular file.
    ///
    /// The kernel reads and writes with the credentials that this thread has now.
    package func open(_ file: borrowing Descriptor) throws(Errno) -> BackingID {
        let raw = file.rawValue
        return BackingID(rawValue: UInt32(try check { pinfold_fuse_backing_open(device.descriptor.rawValue, raw) }))
    }

    /// Gives the number up; files that are open with it stay so.
    package func close(_ id: BackingID) {
        _ = pinfold_fuse_backing_close(device.descriptor.rawValue, id.rawValue)
    }
}
