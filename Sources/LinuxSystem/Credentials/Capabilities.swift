internal import CLinux
package import SystemPackage

/// Parts of root's power (`man 7 capabilities`), of the calling thread and of the threads and programs that it starts from then on.
package struct Capabilities: OptionSet, Hashable, Sendable {
    package let rawValue: UInt64
    package init(rawValue: UInt64) { self.rawValue = rawValue }
    private init(number: Int32) { self.init(rawValue: 1 << UInt64(number)) }

    package static let chown = Capabilities(number: CAP_CHOWN)
    package static let dacOverride = Capabilities(number: CAP_DAC_OVERRIDE)
    package static let dacReadSearch = Capabilities(number: CAP_DAC_READ_SEARCH)
    package static let fowner = Capabilities(number: CAP_FOWNER)
    package static let fsetid = Capabilities(number: CAP_FSETID)
    package static let setuid = Capabilities(number: CAP_SETUID)
    package static let setgid = Capabilities(number: CAP_SETGID)
    package static let setfcap = Capabilities(number: CAP_SETFCAP)
    package static let setpcap = Capabilities(number: CAP_SETPCAP)
    package static let systemAdministration = Capabilities(number: CAP_SYS_ADMIN)
    package static let linuxImmutable = Capabilities(number: CAP_LINUX_IMMUTABLE)
    package static let lease = Capabilities(number: CAP_LEASE)
    package static let makeNodes = Capabilities(number: CAP_MKNOD)

    /// Those with which a process can become root or change what is root's, by name.
    package static let asGoodAsRoot: [(name: String, value: Capabilities)] = [
        ("CAP_SYS_ADMIN", .systemAdministration), ("CAP_DAC_OVERRIDE", .dacOverride), ("CAP_CHOWN", .chown),
        ("CAP_FOWNER", .fowner),
        ("CAP_SETUID", .setuid), ("CAP_SETGID", .setgid), ("CAP_SETFCAP", .setfcap), ("CAP_MKNOD", .makeNodes),
        ("CAP_DAC_READ_SEARCH", .dacReadSearch), ("CAP_SYS_PTRACE", Capabilities(number: CAP_SYS_PTRACE)),
        ("CAP_SYS_MODULE", Capabilities(number: CAP_SYS_MODULE)), ("CAP_SYS_RAWIO", Capabilities(number: CAP_SYS_RAWIO)),
        ("CAP_BPF", Capabilities(number: CAP_BPF)),
    ]

    /// What this thread may use now.
    package static var effective: Capabilities {
        var effective: UInt64 = 0
        var permitted: UInt64 = 0
        _ = unsafe pinfold_capget(&effective, &permitted)
        return Capabilities(rawValue: effective)
    }

    /// What this thread may make effective.
    package static var permitted: Capabilities {
        var effective: UInt64 = 0
        var permitted: UInt64 = 0
        _ = unsafe pinfold_capget(&effective, &permitted)
        return Capabilities(rawValue: permitted)
    }

    /// Leaves this thread with what it has of `kept` and gives all else up for good: out of the bounding set, the permitted,
    /// effective and inheritable sets. What is in `dormant` stays permitted but is not effective until it is raised. CAP_SETPCAP
    /// must be effective, or the bounding set stays, which no_new_privs makes harmless.
    package static func reduce(to kept: Capabilities, dormant: Capabilities = []) throws(Errno) {
        let permitted = Self.permitted
        bound(to: kept.union(dormant))
        let left = permitted.intersection(kept.union(dormant))
        let active = permitted.intersection(kept).subtracting(dormant)
        _ = try check { pinfold_capset(active.rawValue, left.rawValue, 0) }
    }

    /// Takes all but `kept` out of the bounding set: no program that this thread starts has it. What the thread has stays.
    package static func bound(to kept: Capabilities) {
        for number in 0..<Int32(63) where !kept.contains(Capabilities(number: number)) {
            // Beyond the kernel's last capability: EINVAL.
            if pinfold_prctl(PR_CAPBSET_DROP, UInt(number), 0, 0, 0) == -1, pinfold_errno() == EINVAL { break }
        }
    }

    /// Makes exactly `capabilities` effective for this thread; they must be permitted.
    package static func setEffective(_ capabilities: Capabilities) throws(Errno) {
        let permitted = Self.permitted
        _ = try check { pinfold_capset(capabilities.rawValue, permitted.rawValue, 0) }
    }
}
