internal import CLinux
package import SystemPackage

/// A file system's own quota of all files that have the same project number (`man 2 quotactl`, PRJQUOTA): ext4 and XFS have it.
///
/// The kernel counts and refuses by itself, EDQUOT on ext4 and ENOSPC on XFS, and answers `statfs` in a directory that hands its number on with what
/// is left. A file's owner may change its number (FS_IOC_FSSETXATTR, `file_setattr`): it holds who cannot make those calls.
package enum ProjectQuota {
    package struct Limits: Hashable, Sendable {
        /// A multiple of 1,024; nil for as much as the disk has.
        package let bytes: UInt64?
        package let inodes: UInt64?

        /// Rounded down to what a quota can say.
        package init(bytes: UInt64?, inodes: UInt64?) {
            self.bytes = bytes.map { max($0 / 1024, 1) * 1024 }
            self.inodes = inodes
        }
    }

    /// Whether the file system of `file` counts projects and refuses what is beyond their limits.
    package static func isEnforced(on file: borrowing Descriptor) -> Bool {
        var state = pinfold_quota_state()
        state.version = 1
        let raw = file.rawValue
        let result = unsafe pinfold_project_quotactl(raw, pinfold_Q_XGETQSTATV, 0, &state)
        return result == 0 && state.flags & pinfold_PROJECT_QUOTA_ENFORCED == pinfold_PROJECT_QUOTA_ENFORCED
    }

    package static func limits(of project: UInt32, on file: borrowing Descriptor) throws(Errno) -> Limits {
        let record = try record(of: project, on: file)
        return Limits(
            bytes: record.hard_blocks == 0 ? nil : record.hard_blocks * 1024,
            inodes: record.hard_inodes == 0 ? nil : record.hard_inodes)
    }

    /// CAP_SYS_ADMIN.
    package static func set(_ limits: Limits, of project: UInt32, on file: borrowing Descriptor) throws(Errno) {
        var record = pinfold_quota_record()
        record.hard_blocks = (limits.bytes ?? 0) / 1024
        record.hard_inodes = limits.inodes ?? 0
        record.valid = pinfold_QUOTA_LIMITS
        let raw = file.rawValue
        _ = try check { unsafe pinfold_project_quotactl(raw, pinfold_Q_SETQUOTA, project, &record) }
    }

    /// The numbers that Pinfold takes: far from those that people choose.
    package static let own: ClosedRange<UInt32> = 0x5046_0000...0x5046_ffff

    /// The first of its own numbers that nobody uses: without files and without limits.
    package static func unusedProject(on file: borrowing Descriptor) throws(Errno) -> UInt32 {
        for project in own {
            let record = try record(of: project, on: file)
            if [record.bytes, record.inodes, record.hard_blocks, record.soft_blocks, record.hard_inodes, record.soft_inodes]
                .allSatisfy({ $0 == 0 })
            {
                return project
            }
        }
        throw .noSpace
    }

    /// The project that a directory is of and hands on, and that the one above it is not of; nil where it has none of its own.
    package static func ownProject(of directory: borrowing Descriptor) throws(Errno) -> UInt32? {
        let project = try directory.project()
        guard project.isInherited, project.number != 0 else { return nil }
        let above = try? directory.open("..", [.readOnly, .directory], []).project()
        return above?.number == project.number ? nil : project.number
    }

    /// Why the file system does not hold a directory to `limits`, in words that follow its name; nil where it does. An O_PATH descriptor will do.
    package static func obstacle(at place: borrowing Descriptor, _ limits: Limits) -> String? {
        do throws(Errno) {
            let directory = try place.open(".", [.readOnly, .directory])
            guard isEnforced(on: directory) else { return "is on a file system that enforces no quota by project" }
            guard let project = try ownProject(of: directory) else {
                return "has no project of its own on its file system, which 'pinfold init' gives it"
            }
            guard try self.limits(of: project, on: directory) == limits else {
                return "is of project \(project) of its file system, which has other limits until 'pinfold init' sets them"
            }
            return nil
        } catch {
            return "cannot be asked for its project: \(error)"
        }
    }

    private static func record(of project: UInt32, on file: borrowing Descriptor) throws(Errno) -> pinfold_quota_record {
        var record = pinfold_quota_record()
        let raw = file.rawValue
        do throws(Errno) {
            _ = try check { unsafe pinfold_project_quotactl(raw, pinfold_Q_GETQUOTA, project, &record) }
        } catch .noSuchFileOrDirectory {
            // XFS of a project that has never had a file.
        }
        return record
    }
}

/// What project a file is of.
package struct Project: Hashable, Sendable {
    package let number: UInt32
    /// Whether what is made in the directory is of it, too.
    package let isInherited: Bool
}

extension Descriptor {
    /// ENOTTY or EOPNOTSUPP where the file system has no projects.
    package borrowing func project() throws(Errno) -> Project {
        let found = try fileProject()
        return Project(number: found.project, isInherited: found.flags & pinfold_PROJECT_INHERITED != 0)
    }

    /// Puts a directory into a project that what is made in it is of, or a regular file.
    /// - Returns: Whether it was not there already.
    package borrowing func join(_ project: UInt32, isDirectory: Bool) throws(Errno) -> Bool {
        var found = try fileProject()
        let flags = isDirectory ? found.flags | pinfold_PROJECT_INHERITED : found.flags
        guard found.project != project || found.flags != flags else { return false }
        found.project = project
        found.flags = flags
        let raw = rawValue
        _ = try check { unsafe pinfold_set_project(raw, &found) }
        return true
    }

    private borrowing func fileProject() throws(Errno) -> pinfold_file_project {
        var found = pinfold_file_project()
        let raw = rawValue
        _ = try check { unsafe pinfold_get_project(raw, &found) }
        return found
    }
}
