internal import CLinux
package import LinuxSystem
package import SystemPackage

/// The kernel's table of files that it reads and writes in the place of FUSE files (FUSE_DEV_IOC_BACKING_OPEN and _CLOSE, Linux
/// 6.9; CAP_SYS_ADMIN).
package final class BackingFiles: Sendable {
    private let device: SharedDescriptor
    private let records: BackingRecords?

    init(device: SharedDescriptor, records: BackingRecords?) {
        self.device = device
        self.records = records
    }

    /// Registers `file`, an O_PATH descriptor: the kernel opens it for each open of the FUSE file, as that is opened, and holds the inode until the
    /// answer ends. ELOOP where its file system is stacked itself, EPERM without CAP_SYS_ADMIN, EOPNOTSUPP for what is not a regular file.
    ///
    /// The kernel reads and writes with the credentials that this thread has now, those of `user`.
    package func open(_ file: borrowing Descriptor, for user: UInt32) throws(Errno) -> BackingFile {
        let raw = file.rawValue
        let row = records?.begin(for: user)
        if records != nil, row == nil { throw .tooManyOpenFilesInSystem }
        do throws(Errno) {
            let id = BackingID(rawValue: UInt32(try check { pinfold_fuse_backing_open(device.descriptor.rawValue, raw) }))
            if let row { records?.made(row, id.rawValue) }
            return BackingFile(id: id, user: user, device: device, records: records, row: row)
        } catch {
            if let row { records?.end(row) }
            throw error
        }
    }

    /// The files that a predecessor registered, by number, of those that `isWanted`; the kernel lets go of the others.
    package func adopt(isWanted: (BackingID) -> Bool) -> [BackingID: BackingFile] {
        guard let records else { return [:] }
        let left = records.adopt {
            isWanted(BackingID(rawValue: $0))
        } close: {
            _ = pinfold_fuse_backing_close(device.descriptor.rawValue, $0)
        }
        return Dictionary(
            left.map { entry in
                let id = BackingID(rawValue: entry.id)
                return (id, BackingFile(id: id, user: entry.user, device: device, records: records, row: entry.row))
            }, uniquingKeysWith: { first, _ in first })
    }
}

/// A file that the kernel has registered, until nobody refers to this; FUSE files that are open with it stay so.
package final class BackingFile: Sendable {
    package let id: BackingID
    /// Whose credentials the kernel uses.
    package let user: UInt32
    private let device: SharedDescriptor
    private let records: BackingRecords?
    private let row: Int?

    init(id: BackingID, user: UInt32, device: SharedDescriptor, records: BackingRecords?, row: Int?) {
        self.id = id
        self.user = user
        self.device = device
        self.records = records
        self.row = row
    }

    deinit {
        _ = pinfold_fuse_backing_close(device.descriptor.rawValue, id.rawValue)
        if let row { records?.end(row) }
    }
}
