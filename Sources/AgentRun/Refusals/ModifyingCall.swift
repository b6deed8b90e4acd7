internal import AuditLog
internal import CLinux

/// A system call that would modify a name or a file: where it says which one, and what has to be there for the kernel to refuse it as read-only.
///
/// Calls through a descriptor that is open for writing are none of these: on a read-only mount there is no such descriptor. Nor are those that
/// `DeniedCalls` refuses.
struct ModifyingCall: Sendable {
    let number: Int32
    let operation: AuditOperation
    let kind: Kind

    /// How its arguments are to be read; numbers are positions in the list of arguments.
    enum Kind: Sendable {
        /// The flags are an argument, or the first word of the structure that it points to.
        case open(PathArgument, flags: Flags)
        /// Something that exists, at the end of symbolic links or not.
        case existing(PathArgument, follow: Follow)
        /// A name that does not exist yet.
        case making(PathArgument)
        /// A name, whether it exists or not: the kernel looks at the mount first. AT_REMOVEDIR in the flags means a directory.
        case removing(PathArgument, flags: Int?)
        case renaming(PathArgument, to: PathArgument, flags: Int?)
        case linking(PathArgument, to: PathArgument, flags: Int?)
        /// An open file, in the first argument.
        case descriptor
        /// The name of a Unix socket in a `sockaddr`.
        case binding
    }

    /// A path, and the directory that a relative one starts in; the working directory where there is no such argument.
    struct PathArgument: Sendable {
        let directory: Int?
        let path: Int
        /// Where flags may hold AT_EMPTY_PATH: the directory's descriptor itself is meant by an empty path then.
        var emptyFlags: Int?

        init(_ directory: Int?, _ path: Int, emptyFlags: Int? = nil) {
            self.directory = directory
            self.path = path
            self.emptyFlags = emptyFlags
        }
    }

    enum Flags: Sendable {
        case argument(Int)
        case structure(Int)
        /// `creat` has none.
        case fixed(Int32)
    }

    enum Follow: Sendable {
        case always
        case never
        /// AT_SYMLINK_NOFOLLOW in that argument says no.
        case unlessFlag(Int)
    }

    init(_ number: Int32, _ operation: AuditOperation, _ kind: Kind) {
        self.number = number
        self.operation = operation
        self.kind = kind
    }
}

extension ModifyingCall {
    /// By number; a call that this architecture does not have is not in it.
    static let byNumber = Dictionary(uniqueKeysWithValues: all.filter { $0.number >= 0 }.map { ($0.number, $0) })

    static let openAt = Int32(SYS_openat)

    private static let all: [ModifyingCall] = opening + names + attributes + extendedAttributes

    private static let opening = [
        ModifyingCall(pinfold_SYS_open, .open, .open(PathArgument(nil, 0), flags: .argument(1))),
        ModifyingCall(openAt, .open, .open(PathArgument(0, 1), flags: .argument(2))),
        ModifyingCall(Int32(SYS_openat2), .open, .open(PathArgument(0, 1), flags: .structure(2))),
        ModifyingCall(pinfold_SYS_creat, .open, .open(PathArgument(nil, 0), flags: .fixed(O_CREAT | O_WRONLY | O_TRUNC))),
        ModifyingCall(Int32(SYS_truncate), .truncate, .existing(PathArgument(nil, 0), follow: .always)),
    ]

    private static let names = [
        ModifyingCall(pinfold_SYS_mkdir, .mkdir, .making(PathArgument(nil, 0))),
        ModifyingCall(Int32(SYS_mkdirat), .mkdir, .making(PathArgument(0, 1))),
        ModifyingCall(pinfold_SYS_mknod, .mknod, .making(PathArgument(nil, 0))),
        ModifyingCall(Int32(SYS_mknodat), .mknod, .making(PathArgument(0, 1))),
        ModifyingCall(Int32(SYS_bind), .mknod, .binding),
        ModifyingCall(pinfold_SYS_symlink, .symlink, .making(PathArgument(nil, 1))),
        ModifyingCall(Int32(SYS_symlinkat), .symlink, .making(PathArgument(1, 2))),
        ModifyingCall(pinfold_SYS_link, .link, .linking(PathArgument(nil, 0), to: PathArgument(nil, 1), flags: nil)),
        ModifyingCall(Int32(SYS_linkat), .link, .linking(PathArgument(0, 1, emptyFlags: 4), to: PathArgument(2, 3), flags: 4)),
        ModifyingCall(pinfold_SYS_unlink, .unlink, .removing(PathArgument(nil, 0), flags: nil)),
        ModifyingCall(Int32(SYS_unlinkat), .unlink, .removing(PathArgument(0, 1), flags: 2)),
        ModifyingCall(pinfold_SYS_rmdir, .rmdir, .removing(PathArgument(nil, 0), flags: nil)),
        ModifyingCall(pinfold_SYS_rename, .rename, .renaming(PathArgument(nil, 0), to: PathArgument(nil, 1), flags: nil)),
        ModifyingCall(Int32(SYS_renameat), .rename, .renaming(PathArgument(0, 1), to: PathArgument(2, 3), flags: nil)),
        ModifyingCall(Int32(SYS_renameat2), .rename, .renaming(PathArgument(0, 1), to: PathArgument(2, 3), flags: 4)),
    ]

    private static let attributes = [
        ModifyingCall(pinfold_SYS_chmod, .chmod, .existing(PathArgument(nil, 0), follow: .always)),
        ModifyingCall(Int32(SYS_fchmod), .chmod, .descriptor),
        ModifyingCall(Int32(SYS_fchmodat), .chmod, .existing(PathArgument(0, 1), follow: .always)),
        ModifyingCall(fchmodat2, .chmod, .existing(PathArgument(0, 1, emptyFlags: 3), follow: .unlessFlag(3))),
        ModifyingCall(pinfold_SYS_chown, .chown, .existing(PathArgument(nil, 0), follow: .always)),
        ModifyingCall(pinfold_SYS_lchown, .chown, .existing(PathArgument(nil, 0), follow: .never)),
        ModifyingCall(Int32(SYS_fchown), .chown, .descriptor),
        ModifyingCall(Int32(SYS_fchownat), .chown, .existing(PathArgument(0, 1, emptyFlags: 4), follow: .unlessFlag(4))),
        ModifyingCall(pinfold_SYS_utime, .utimens, .existing(PathArgument(nil, 0), follow: .always)),
        ModifyingCall(pinfold_SYS_utimes, .utimens, .existing(PathArgument(nil, 0), follow: .always)),
        ModifyingCall(pinfold_SYS_futimesat, .utimens, .existing(PathArgument(0, 1), follow: .always)),
        ModifyingCall(Int32(SYS_utimensat), .utimens, .existing(PathArgument(0, 1, emptyFlags: 3), follow: .unlessFlag(3))),
    ]

    private static let extendedAttributes = [
        ModifyingCall(Int32(SYS_setxattr), .setxattr, .existing(PathArgument(nil, 0), follow: .always)),
        ModifyingCall(Int32(SYS_lsetxattr), .setxattr, .existing(PathArgument(nil, 0), follow: .never)),
        ModifyingCall(Int32(SYS_fsetxattr), .setxattr, .descriptor),
        ModifyingCall(setxattrat, .setxattr, .existing(PathArgument(0, 1, emptyFlags: 2), follow: .unlessFlag(2))),
        ModifyingCall(Int32(SYS_removexattr), .removexattr, .existing(PathArgument(nil, 0), follow: .always)),
        ModifyingCall(Int32(SYS_lremovexattr), .removexattr, .existing(PathArgument(nil, 0), follow: .never)),
        ModifyingCall(Int32(SYS_fremovexattr), .removexattr, .descriptor),
        ModifyingCall(removexattrat, .removexattr, .existing(PathArgument(0, 1, emptyFlags: 2), follow: .unlessFlag(2))),
    ]

    // Newer than the C library's list; the same on every architecture.
    private static let fchmodat2: Int32 = 452
    private static let setxattrat: Int32 = 463
    private static let removexattrat: Int32 = 466
}
