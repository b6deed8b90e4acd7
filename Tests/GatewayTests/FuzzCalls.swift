import CLinux
import SystemPackage
import TestSupport

/// Calls that change or read files, with arguments chosen by chance. No path leads out of `bases`: none has `..` in it, and links lead to
/// names beside them.
struct RandomCalls {
    private var generator: SeededGenerator
    private let bases: [String]
    private(set) var last = ""

    private static let names = [
        "a", "b", "dir", "file", "deep", ".git", "hooks", "config", "config.lock", "objects", "info", "alternates", "attributes",
        "modules",
        "secret", "g0", "\u{1b}[2J", "new\nline", String(repeating: "n", count: 255), String(repeating: "n", count: 256),
    ]

    init(seed: UInt64, bases: [String]) {
        generator = SeededGenerator(seed: seed)
        self.bases = bases
    }

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
    private mutating func one<Element>(of elements: [Element]) -> Element { elements[number(0...(elements.count - 1))] }

    private mutating func path() -> String {
        var path = one(of: bases)
        for _ in 0..<number(1...3) { path += "/" + one(of: Self.names) }
        return path
    }

    private mutating func flags() -> Int32 {
        // Never waits for a FIFO's other end.
        var flags = O_CLOEXEC | O_NONBLOCK | one(of: [O_RDONLY, O_WRONLY, O_RDWR, 3])
        for flag in [
            O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NOFOLLOW, O_DIRECTORY, O_SYNC, pinfold_O_DIRECT, pinfold_O_PATH,
            pinfold_O_TMPFILE,
        ]
        where number(0...5) == 0 { flags |= flag }
        return flags
    }

    mutating func call() {
        let path = path()
        let kind = number(0...15)
        last = "\(kind) \(path)"
        switch kind {
        case 0...3: useOpened(path)
        case 4: unsafe mkdir(path, mode_t(number(0...0o7777)))
        case 5: unsafe rmdir(path)
        case 6: unsafe unlink(path)
        case 7: unsafe symlink(one(of: Self.names), path)
        case 8: unsafe link(path, self.path())
        case 9, 10:
            let flags = UInt32(one(of: [0, 0, 0, 1, 2, 4, 3, 5, 8, 0xffff]))
            _ = unsafe pinfold_renameat2(pinfold_AT_FDCWD, path, pinfold_AT_FDCWD, self.path(), flags)
        case 11:
            let type = mode_t(one(of: [0o010000, 0o140000, 0o020000, 0o060000, 0o100000, 0o040000]))
            unsafe mknod(path, type | mode_t(number(0...0o777)), dev_t(number(0...300)))
        case 12: unsafe chmod(path, mode_t(number(0...0o7777)))
        case 13: unsafe lchown(path, uid_t(one(of: [0, 1, 61_234])), gid_t(one(of: [0, 1, 61_234])))
        case 14: attribute(path)
        default: look(path)
        }
    }

    private mutating func attribute(_ path: String) {
        let name = one(of: [
            "user.a", "user.b", "trusted.a", "security.capability", "system.posix_acl_access", "system.posix_acl_default", "x",
        ])
        let value = (0..<number(0...300)).map { _ in UInt8(number(0...255)) }
        switch number(0...2) {
        case 0: unsafe lsetxattr(path, name, value, value.count, Int32(number(0...3)))
        case 1: unsafe lremovexattr(path, name)
        default:
            var room = [UInt8](repeating: 0, count: 400)
            _ = unsafe lgetxattr(path, name, &room, number(0...400))
            _ = unsafe llistxattr(path, nil, 0)
        }
    }

    private mutating func look(_ path: String) {
        var status = stat()
        unsafe lstat(path, &status)
        unsafe access(path, Int32(number(0...7)))
        var buffer = [CChar](repeating: 0, count: 300)
        _ = unsafe readlink(path, &buffer, number(1...300))
        if let stream = unsafe opendir(path) {
            for _ in 0..<number(0...30) where unsafe readdir(stream) == nil { break }
            unsafe seekdir(stream, number(0...100_000))
            _ = unsafe readdir(stream)
            unsafe closedir(stream)
        }
        var times = [
            timespec(tv_sec: number(0...1_000_000), tv_nsec: 0),
            timespec(tv_sec: 0, tv_nsec: one(of: [0, (1 << 30) - 1, (1 << 30) - 2])),
        ]
        unsafe utimensat(pinfold_AT_FDCWD, path, &times, pinfold_AT_SYMLINK_NOFOLLOW)
    }

    private mutating func useOpened(_ path: String) {
        let descriptor = unsafe pinfold_open(path, flags(), mode_t(number(0...0o7777)))
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: UInt8(number(0...255)), count: number(0...9000))
        let offset = off_t(one(of: [0, 1, 4096, 100_000, Int(Int64.max) - 10, -1]))
        for _ in 0..<number(0...4) {
            switch number(0...8) {
            case 0: _ = unsafe pwrite(descriptor, bytes, bytes.count, min(offset, 1 << 20))
            case 1: _ = unsafe pread(descriptor, &bytes, bytes.count, offset)
            case 2: ftruncate(descriptor, off_t(one(of: [0, 1, 5000, 1 << 30, -1])))
            case 3: fallocate(descriptor, Int32(number(0...0x7f)), off_t(number(0...10_000)), off_t(number(0...65_536)))
            case 4: lseek(descriptor, offset, Int32(number(0...5)))
            case 5: fsync(descriptor)
            case 6: _ = copy_file_range(descriptor, nil, descriptor, nil, number(0...5000), 0)
            case 7: fchmod(descriptor, mode_t(number(0...0o7777)))
            default:
                // FS_IOC_SETFLAGS, FS_IOC_GETFLAGS, FIONREAD, FICLONE, nothing.
                var argument: UInt64 = UInt64(number(0...0xffff))
                _ = unsafe pinfold_ioctl(descriptor, one(of: [0x4008_6602, 0x8008_6601, 0x541b, 0x4004_9409, 0xdead]), &argument)
            }
        }
    }
}
