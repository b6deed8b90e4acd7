internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The seccomp filter: what is assembled here runs in the kernel before each system call of the command and all that it starts.
package enum SystemCallFilter {
    /// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
    private static let newNamespaces: UInt32 =
        0x0002_0000 | 0x0200_0000 | 0x0400_0000 | 0x0800_0000 | 0x1000_0000 | 0x2000_0000 | 0x4000_0000
    /// CLONE_NEWTIME: for `clone` these bits are the exit signal, so it counts for `unshare` alone.
    private static let newTimeNamespace: UInt32 = 0x80

    /// TIOCSTI and TIOCLINUX type on the terminal in the name of whoever reads it next; TIOCSETD and TIOCCONS change what a terminal is.
    private static let deniedTerminalRequests: [UInt32] = [0x5412, 0x541c, 0x5423, 0x541d]

    /// What a program may ask of a file system by `ioctl` (<linux/fs.h>, <linux/fiemap.h>): attributes to be read (FS_IOC_GETFLAGS, GETVERSION, FSGETXATTR),
    /// where a file lies (FIEMAP), and content shared by files (FICLONE, FICLONERANGE, FIDEDUPERANGE), for which the kernel asks as for writing.
    private static let fileRequests: [UInt32] = [
        0x8008_6601, 0x8008_7601, 0x801c_581f, 0xc020_660b, 0x4004_9409, 0x4020_940d, 0xc018_9436,
    ]
    /// The rest of the kinds that those are of: `f` and `v` of ext4 and all, `X` of XFS and all, 0x94 of Btrfs and all. Attributes that are set, a project's
    /// number that a quota goes by among them (FS_IOC_FSSETXATTR), a file's generation, subvolumes, defragmentation, encryption.
    private static let fileRequestKinds: [UInt32] = [0x66, 0x76, 0x58, 0x94]

    /// AF_UNIX, AF_INET, AF_INET6. Of the rest some leave the network namespace (AF_VSOCK reaches the hypervisor), others are attack surface.
    private static let socketFamilies: [UInt32] = [unix, 2, 10]
    private static let unix: UInt32 = 1
    /// AF_NETLINK, and of its protocols NETLINK_ROUTE, by which the C library finds addresses: the rest are large parts of the kernel
    /// (netfilter, xfrm, crypto), or report what the host's devices and processes do.
    private static let netlink: UInt32 = 16
    private static let netlinkRoute: UInt32 = 0

    static func install() throws(FenceError) {
        do throws(Errno) {
            try assemble().install(on: .thisThread)
        } catch {
            throw FenceError("seccomp failed: \(error)", kind: .refused)
        }
    }

    /// The program, in the order in which it decides.
    private static func assemble() -> FilterProgram {
        var program = FilterProgram()
        program.ifAtLeast(UInt32(DeniedCalls.newestKnown) + 1, .fail(.noFunction))
        // A filter cannot follow the pointer in which clone3 takes its flags. The C library falls back to clone.
        program.ifEqual(UInt32(DeniedCalls.clone3), .fail(.noFunction))
        for number in DeniedCalls.all { program.ifEqual(UInt32(number), .fail(.notPermitted)) }
        program.onCall(UInt32(SYS_clone), argument: 0) { $0.ifAnyBit(newNamespaces, .fail(.notPermitted)) }
        program.onCall(UInt32(SYS_unshare), argument: 0) { $0.ifAnyBit(newNamespaces | newTimeNamespace, .fail(.notPermitted)) }
        program.onCall(UInt32(SYS_ioctl), argument: 1) { rules in
            for request in deniedTerminalRequests { rules.ifEqual(request, .fail(.notPermitted)) }
            for request in fileRequests { rules.ifEqual(request, .allow) }
            rules.masked(by: 0xff00)
            for kind in fileRequestKinds { rules.ifEqual(kind << 8, .fail(.notPermitted)) }
        }
        program.onCall(UInt32(SYS_socket), argument: 0) { rules in
            for family in socketFamilies { rules.ifEqual(family, .allow) }
            rules.onlyIfEqual(netlink, otherwise: .fail(.addressFamilyNotSupported), thenArgument: 2)
            rules.ifEqual(netlinkRoute, .allow)
            rules.always(.fail(.protocolNotSupported))
        }
        // Each family makes its pairs by code of its own, and programs make them of Unix sockets.
        program.onCall(UInt32(SYS_socketpair), argument: 0) { rules in
            rules.ifEqual(unix, .allow)
            rules.always(.fail(.addressFamilyNotSupported))
        }
        program.always(.allow)
        return program
    }
}
