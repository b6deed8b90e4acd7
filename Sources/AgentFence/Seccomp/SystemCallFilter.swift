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

    /// AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. Of the rest some leave the network namespace (AF_VSOCK reaches the hypervisor), others are attack surface.
    private static let socketFamilies: [UInt32] = [1, 2, 10, 16]

    static func install() throws(FenceError) {
        var program = assemble()
        let count = UInt16(program.count)
        _ = try call("seccomp") {
            unsafe program.withUnsafeMutableBufferPointer { unsafe pinfold_seccomp_filter($0.baseAddress, count) }
        }
    }

    /// The program, in the order in which it decides.
    private static func assemble() -> [sock_filter] {
        var program = FilterProgram()
        // Numbers mean something else in another ABI: 32-bit calls on x86-64, and x32, which has the same architecture and bit 30 set.
        program.loadArchitecture()
        program.unlessEqual(pinfold_audit_arch, .killProcess)
        program.loadNumber()
        #if arch(x86_64)
            program.ifAtLeast(0x4000_0000, .killProcess)
        #endif
        program.ifAtLeast(UInt32(DeniedCalls.newestKnown) + 1, .fail(ENOSYS))
        // A filter cannot follow the pointer in which clone3 takes its flags. The C library falls back to clone.
        program.ifEqual(UInt32(DeniedCalls.clone3), .fail(ENOSYS))
        for number in DeniedCalls.all { program.ifEqual(UInt32(number), .fail(EPERM)) }
        program.onCall(UInt32(SYS_clone), argument: 0) { $0.ifAnyBit(newNamespaces, .fail(EPERM)) }
        program.onCall(UInt32(SYS_unshare), argument: 0) { $0.ifAnyBit(newNamespaces | newTimeNamespace, .fail(EPERM)) }
        program.onCall(UInt32(SYS_ioctl), argument: 1) { rules in
            for request in deniedTerminalRequests { rules.ifEqual(request, .fail(EPERM)) }
        }
        program.onCall(UInt32(SYS_socket), argument: 0) { rules in
            for family in socketFamilies { rules.ifEqual(family, .allow) }
            rules.always(.fail(EAFNOSUPPORT))
        }
        program.always(.allow)
        return program.instructions
    }
}

/// A seccomp program under assembly: each decision is a comparison and a return, so that no jump is longer than one call's rules.
private struct FilterProgram {
    enum Verdict {
        case allow
        case fail(Int32)
        case killProcess

        var value: UInt32 {
            switch self {
            case .allow: 0x7fff_0000
            case .fail(let code): 0x0005_0000 | UInt32(code)
            case .killProcess: 0x8000_0000
            }
        }
    }

    private(set) var instructions: [sock_filter] = []

    // Opcodes of classic BPF (linux/bpf_common.h): the accumulator holds what was loaded last.
    private static let load: UInt16 = 0x20
    private static let jumpEqual: UInt16 = 0x15
    private static let jumpAtLeast: UInt16 = 0x35
    private static let jumpAnyBit: UInt16 = 0x45
    private static let `return`: UInt16 = 0x06

    /// Offsets in `struct seccomp_data`.
    mutating func loadNumber() { add(Self.load, 0) }
    mutating func loadArchitecture() { add(Self.load, 4) }

    /// The low half: the kernel takes these arguments as 32-bit numbers, so what is in the high half must not matter.
    private mutating func load(argument: Int) { add(Self.load, UInt32(16 + 8 * argument)) }

    mutating func ifEqual(_ value: UInt32, _ verdict: Verdict) { decide(Self.jumpEqual, value, verdict) }
    mutating func ifAtLeast(_ value: UInt32, _ verdict: Verdict) { decide(Self.jumpAtLeast, value, verdict) }
    mutating func ifAnyBit(_ bits: UInt32, _ verdict: Verdict) { decide(Self.jumpAnyBit, bits, verdict) }
    mutating func always(_ verdict: Verdict) { add(Self.return, verdict.value) }

    mutating func unlessEqual(_ value: UInt32, _ verdict: Verdict) {
        add(Self.jumpEqual, value, onTrue: 1)
        always(verdict)
    }

    /// Rules on one argument of one call, which is allowed where none of them decides. Expects the call's number loaded, and leaves it so.
    mutating func onCall(_ number: UInt32, argument: Int, _ rules: (inout FilterProgram) -> Void) {
        var body = FilterProgram()
        body.load(argument: argument)
        rules(&body)
        body.always(.allow)
        add(Self.jumpEqual, number, onFalse: UInt8(body.instructions.count))
        instructions += body.instructions
    }

    private mutating func decide(_ jump: UInt16, _ value: UInt32, _ verdict: Verdict) {
        add(jump, value, onFalse: 1)
        always(verdict)
    }

    private mutating func add(_ code: UInt16, _ value: UInt32, onTrue: UInt8 = 0, onFalse: UInt8 = 0) {
        instructions.append(sock_filter(code: code, jt: onTrue, jf: onFalse, k: value))
    }
}
