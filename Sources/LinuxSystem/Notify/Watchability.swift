internal import CLinux
internal import SystemPackage

/// Whether changes of a filesystem are reported, so that the view's answers may be kept until something changes: what `pinfold doctor` says.
package enum Watchability: Sendable, Hashable {
    case watched
    /// Answers are kept for a second at most.
    case unwatched(reason: String)

    /// Judges the filesystem of an open file or directory.
    package static func of(_ location: borrowing Descriptor, kernel: KernelVersion = .running) -> Watchability {
        guard kernel >= KernelVersion(6, 16) else {
            return .unwatched(reason: "Linux \(kernel) cannot take back all names at once (FUSE_NOTIFY_INC_EPOCH, Linux 6.16)")
        }
        if let reason = changesElsewhere(location) { return .unwatched(reason: reason) }
        do throws(Errno) {
            try FilesystemMonitor().watch(filesystemOf: location)
            return .watched
        } catch {
            return .unwatched(reason: "fanotify refuses it: \(error.description)")
        }
    }

    /// Judges the filesystem of a path.
    package static func of(path: String) -> Watchability {
        do throws(Errno) {
            return of(try Descriptor.open(path, [.readOnly, .nonBlocking]))
        } catch {
            return .unwatched(reason: "\(path): \(error.description)")
        }
    }

    /// Why what fanotify says of the filesystem cannot be all: others change it where this kernel does not see it.
    package static func changesElsewhere(_ location: borrowing Descriptor) -> String? {
        var id: UInt64 = 0
        var type: Int64 = 0
        let raw = location.rawValue
        do throws(Errno) {
            _ = try check { unsafe pinfold_filesystem_identity(raw, &id, &type) }
        } catch {
            return error.description
        }
        // <linux/magic.h> and `man 2 statfs`.
        switch UInt32(truncatingIfNeeded: type) {
        case 0x6969: return "NFS: others change it from elsewhere"
        case 0xff53_4d42, 0xfe53_4d42, 0x517b: return "SMB: others change it from elsewhere"
        case 0x6573_5546: return "FUSE: it may change by itself"
        case 0x0102_1997: return "9P: the host changes it from elsewhere"
        case 0x00c3_6400: return "Ceph: others change it from elsewhere"
        case 0x5346_414f, 0x7375_7245: return "AFS or Coda: others change it from elsewhere"
        case 0x7461_636f, 0x0116_1970: return "a cluster filesystem: others change it from elsewhere"
        case 0x794c_7630: return "overlayfs: changes of its layers are not reported"
        default: return nil
        }
    }
}

/// A kernel's version as far as features depend on it (`man 2 uname`).
package struct KernelVersion: Comparable, Hashable, Sendable, CustomStringConvertible {
    package let major: Int
    package let minor: Int

    package init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads a release such as `6.18.44-amd64`; what does not begin with two numbers is 0.0.
    package init(release: String) {
        let numbers = release.split(separator: ".", maxSplits: 2).prefix(2).map { Int($0.prefix { $0.isNumber }) ?? 0 }
        self.init(numbers.first ?? 0, numbers.count > 1 ? numbers[1] : 0)
    }

    /// This machine's.
    package static let running: KernelVersion = {
        guard let release = try? SmallFile.read("/proc/sys/kernel/osrelease", limit: 4096) else { return KernelVersion(0, 0) }
        return KernelVersion(release: String(decoding: release, as: UTF8.self))
    }()

    package static func < (a: KernelVersion, b: KernelVersion) -> Bool { (a.major, a.minor) < (b.major, b.minor) }

    package var description: String { "\(major).\(minor)" }
}
