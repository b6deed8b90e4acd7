internal import CLinux
internal import SystemPackage

enum Credentials {
    /// Gives up root for good: no capability in any set, none that an executable could give back, groups and ids of `user` in all three places.
    static func become(_ user: FenceUser) throws(FenceError) {
        // Root's id stands for nothing any more, and that cannot be undone: SECBIT_NOROOT, NO_SETUID_FIXUP off, NO_CAP_AMBIENT_RAISE, each locked.
        let bits: UInt = 1 << 0 | 1 << 1 | 1 << 5 | 1 << 6 | 1 << 7
        _ = try call("PR_SET_SECUREBITS") { pinfold_prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) }
        _ = pinfold_prctl(PR_CAP_AMBIENT, UInt(PR_CAP_AMBIENT_CLEAR_ALL), 0, 0, 0)
        for capability in UInt(0)..<64 where pinfold_prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1 {
            _ = try call("PR_CAPBSET_DROP") { pinfold_prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) }
        }
        _ = try call("setgroups") { unsafe setgroups(user.groups.count, user.groups) }
        _ = try call("setresgid") { setresgid(user.gid, user.gid, user.gid) }
        _ = try call("setresuid") { setresuid(user.uid, user.uid, user.uid) }
        _ = try call("capset") { pinfold_capabilities_clear() }
        try verify(user)
    }

    /// Looks at what the kernel says, not at what the calls answered.
    static func verify(_ user: FenceUser) throws(FenceError) {
        var ids: (uid_t, uid_t, uid_t) = (0, 0, 0)
        var groups: (gid_t, gid_t, gid_t) = (0, 0, 0)
        var sets = pinfold_capabilities()
        guard unsafe getresuid(&ids.0, &ids.1, &ids.2) == 0, unsafe getresgid(&groups.0, &groups.1, &groups.2) == 0,
            unsafe pinfold_capabilities_get(&sets) == 0
        else { throw FenceError("the credentials cannot be read", kind: .refused) }
        guard ids == (user.uid, user.uid, user.uid), groups == (user.gid, user.gid, user.gid) else {
            throw FenceError("the command's user is \(ids), group \(groups), instead of \(user.uid), \(user.gid)", kind: .refused)
        }
        let words = [
            sets.effective.0, sets.effective.1, sets.permitted.0, sets.permitted.1, sets.inheritable.0, sets.inheritable.1,
        ]
        guard words.allSatisfy({ $0 == 0 }), !(UInt(0)..<64).contains(where: { pinfold_prctl(PR_CAPBSET_READ, $0, 0, 0, 0) == 1 })
        else {
            throw FenceError("capabilities are left: \(words)", kind: .refused)
        }
    }
}
