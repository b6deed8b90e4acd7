import CLinux
import LinuxSystem
import SystemPackage
import TestSupport

/// System calls as a test makes them, on paths and with the errno as the answer.
enum FileCalls {
    // Kinds of files as modes have them (`man 7 inode`).
    static let fifo: UInt32 = 0o010000
    static let character: UInt32 = 0o020000
    static let directory: UInt32 = 0o040000
    static let block: UInt32 = 0o060000
    static let regular: UInt32 = 0o100000
    static let symbolicLink: UInt32 = 0o120000
    static let socket: UInt32 = 0o140000

    /// Opens and closes; nil where it succeeded.
    static func open(_ path: String, _ flags: Int32, _ mode: UInt32 = 0o644) -> Errno? {
        errno {
            let number = unsafe pinfold_open(path, flags | O_CLOEXEC, mode)
            if number >= 0 { close(number) }
            return number
        }
    }

    static func opened(_ path: String, _ flags: Int32, _ mode: UInt32 = 0o644) throws -> Descriptor {
        Descriptor(owning: try check { unsafe pinfold_open(path, flags | O_CLOEXEC, mode) })
    }

    static func rename(_ from: String, _ to: String, _ flags: Int32 = 0) -> Errno? {
        errno { unsafe pinfold_renameat2(pinfold_AT_FDCWD, from, pinfold_AT_FDCWD, to, UInt32(flags)) }
    }

    static func setAttribute(_ path: String, _ name: String, _ value: [UInt8], _ flags: Int32 = 0) -> Errno? {
        errno { unsafe setxattr(path, name, value, value.count, flags) }
    }

    static func attribute(_ path: String, _ name: String) -> [UInt8]? {
        var room = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe getxattr(path, name, &room, room.count)
        return count < 0 ? nil : Array(room[..<count])
    }

    static func write(_ file: borrowing Descriptor, _ text: String, at offset: Int64 = 0) throws {
        let bytes = Array(text.utf8)
        _ = try unsafe bytes.withUnsafeBytes { try unsafe file.write($0, at: offset) }
    }

    static func read(_ file: borrowing Descriptor, _ count: Int, at offset: Int64 = 0) throws -> String {
        var bytes = [UInt8](repeating: 0, count: count)
        let filled = try unsafe bytes.withUnsafeMutableBytes { try unsafe file.read(into: $0, at: offset) }
        return String(decoding: bytes[..<filled], as: UTF8.self)
    }

    /// An access ACL of the version that the kernel takes (`man 5 acl`, <linux/posix_acl_xattr.h>): owner, one named user, group, mask, others.
    static func accessList(owner: UInt16, user: UInt32, _ bits: UInt16, group: UInt16, mask: UInt16, other: UInt16) -> [UInt8] {
        var bytes: [UInt8] = [2, 0, 0, 0]
        func add(_ tag: UInt16, _ bits: UInt16, _ id: UInt32 = .max) {
            for part in [tag, bits] { bytes += [UInt8(part & 0xff), UInt8(part >> 8)] }
            for shift in stride(from: UInt32(0), to: 32, by: 8) { bytes.append(UInt8(id >> shift & 0xff)) }
        }
        add(1, owner)
        add(2, bits, user)
        add(4, group)
        add(0x10, mask)
        add(0x20, other)
        return bytes
    }
}
