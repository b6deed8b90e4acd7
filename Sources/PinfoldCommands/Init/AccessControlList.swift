internal import CLinux
internal import LinuxSystem
internal import PinfoldConfiguration
internal import SystemPackage

/// Who may use a file beside its owner, its group and everybody (`man 5 acl`). Where there is one, the mode's bits of the group say what all of these may at most.
struct AccessControlList: Sendable {
    private struct Entry: Sendable {
        let tag: UInt16
        let mayWrite: Bool
        /// Whose it is; without a meaning where that is the file's own user or group.
        let id: UInt32
    }

    private let entries: [Entry]

    // The attribute's form is the kernel's (<linux/posix_acl_xattr.h>): a version, then for each entry a tag, rights and a number, all of the little end first.
    private static let attribute = "system.posix_acl_access"
    private static let version: UInt32 = 2
    private static let user: UInt16 = 0x02
    private static let owningGroup: UInt16 = 0x04
    private static let group: UInt16 = 0x08
    private static let mask: UInt16 = 0x10

    /// Nil where there is none, or the file system knows none.
    init?(of path: String) throws(Errno) {
        // More than any file system keeps.
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        do throws(Errno) {
            let count = try check {
                unsafe bytes.withUnsafeMutableBytes { unsafe lgetxattr(path, Self.attribute, $0.baseAddress, $0.count) }
            }
            bytes.removeLast(bytes.count - count)
        } catch {
            if error == .noData || error == .notSupported { return nil }
            throw error
        }
        func number(_ start: Int, _ length: Int) -> UInt32 {
            bytes[start..<start + length].reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        guard bytes.count >= 4, bytes.count % 8 == 4, number(0, 4) == Self.version else { throw .invalidArgument }
        entries = stride(from: 4, to: bytes.count, by: 8).map { start in
            Entry(
                tag: UInt16(number(start, 2)), mayWrite: number(start + 2, 2) & 2 != 0, id: number(start + 4, 4))
        }
    }

    /// As whom an account may write, by the list; nil where it may not. What everybody may is not asked here.
    func wayOfWriting(for account: UserAccount, owningGroup: UInt32) -> String? {
        if let mask = entries.first(where: { $0.tag == Self.mask }), !mask.mayWrite { return nil }
        for entry in entries where entry.mayWrite {
            switch entry.tag {
            case Self.user where entry.id == account.uid: return "user \(entry.id) in its access control list"
            case Self.group where account.groups.contains(entry.id): return "group \(entry.id) in its access control list"
            case Self.owningGroup where account.groups.contains(owningGroup): return "group \(owningGroup)"
            default: continue
            }
        }
        return nil
    }
}
