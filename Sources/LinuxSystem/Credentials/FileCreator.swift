internal import CLinux
package import SystemPackage

/// Who the calling thread makes files as. The one place where a thread's identity towards filesystems changes.
///
/// Only the owner, the group and the umask of new files come from here: whether the caller may was decided by the kernel before the
/// request was sent (`default_permissions`), with its real groups and ACLs. So the thread keeps its capabilities
/// (SECBIT_NO_SETUID_FIXUP) and takes no groups over. A thread stays as its last caller until it serves another one: most requests in
/// a row are of the same user, and then no system call is made. See `man 2 setfsuid`, `man 7 capabilities`.
package enum FileCreator {
    /// Makes later changes of identity leave the capabilities alone, and takes CAP_FSETID out of the effective ones, for this thread and those it
    /// starts: call it after capabilities were given up, before any other thread is started, with CAP_SETPCAP still at hand.
    ///
    /// Without CAP_FSETID the kernel clears setuid and setgid bits of what is written below, for backing files too, as it does for an
    /// ordinary writer.
    package static func prepareProcess() throws(Errno) {
        // PR_SET_SECUREBITS 28, SECBIT_NO_SETUID_FIXUP 1 << 2.
        _ = try check { pinfold_prctl(28, 1 << 2, 0, 0, 0) }
        try setEffective(fsetid: false)
    }

    /// Runs `body` with CAP_FSETID: the kernel has judged already that the caller may set the setgid bit, or that its writes clear none.
    package static func keepingPrivileges<Result: ~Copyable>(_ body: () throws(Errno) -> Result) throws(Errno) -> Result {
        try setEffective(fsetid: true)
        do {
            let result = try body()
            try setEffective(fsetid: false)
            return result
        } catch {
            try setEffective(fsetid: false)
            throw error
        }
    }

    private static func setEffective(fsetid: Bool) throws(Errno) {
        var effective: UInt64 = 0
        var permitted: UInt64 = 0
        _ = try check { unsafe pinfold_capget(&effective, &permitted) }
        let bit: UInt64 = 1 << 4
        let wanted = fsetid ? effective | bit & permitted : effective & ~bit
        if wanted != effective { _ = try check { pinfold_capset(wanted, permitted, 0) } }
    }

    /// Makes this thread create files as `user` and `group` with `umask` from now on.
    @inline(__always)
    package static func become(user: UInt32, group: UInt32, umask mask: UInt32) throws(Errno) {
        let state = try unsafe threadState()
        if unsafe state.pointee.user != user {
            // The call answers the previous value and never fails visibly; without CAP_SETUID it does nothing, which the second call shows.
            _ = pinfold_thread_setfsuid(user)
            guard UInt32(bitPattern: pinfold_thread_setfsuid(user)) == user else { throw .notPermitted }
            unsafe state.pointee.user = user
        }
        if unsafe state.pointee.group != group {
            _ = pinfold_thread_setfsgid(group)
            guard UInt32(bitPattern: pinfold_thread_setfsgid(group)) == group else { throw .notPermitted }
            unsafe state.pointee.group = group
        }
        if unsafe state.pointee.mask != mask {
            _ = umask(mask)
            unsafe state.pointee.mask = mask
        }
    }

    private struct ThreadState {
        var user: UInt32
        var group: UInt32
        var mask: UInt32
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let code = unsafe pthread_key_create(&key) { unsafe free($0) }
        precondition(code == 0, "no thread-specific key left")
        return key
    }()

    private static func threadState() throws(Errno) -> UnsafeMutablePointer<ThreadState> {
        if let known = unsafe pthread_getspecific(key) { return unsafe known.assumingMemoryBound(to: ThreadState.self) }
        // The umask is shared by all threads until one has a filesystem state of its own.
        _ = try check { pinfold_unshare(pinfold_CLONE_FS) }
        guard let room = unsafe malloc(MemoryLayout<ThreadState>.size) else { throw .noMemory }
        let state = unsafe room.bindMemory(to: ThreadState.self, capacity: 1)
        // Asking with -1 changes nothing and answers the present value.
        let mask = umask(0)
        _ = umask(mask)
        unsafe state.initialize(
            to: ThreadState(
                user: UInt32(bitPattern: pinfold_thread_setfsuid(.max)), group: UInt32(bitPattern: pinfold_thread_setfsgid(.max)),
                mask: mask))
        unsafe pthread_setspecific(key, state)
        return unsafe state
    }
}
