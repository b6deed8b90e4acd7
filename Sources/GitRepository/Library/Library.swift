internal import CLibgit2
internal import CLinux

/// libgit2 as Pinfold uses it: no configuration but a repository's own, no owner check, strict about what it reads.
enum Library {
    /// Set once a process, before the first call of any kind.
    private static let started: Void = {
        git_libgit2_init()
        // The owner check asks whether the repository's owner is this user. It is not, and knowingly: the mirror is opened by its
        // owner alone, and the agent's repository by the agent's user, confined.
        _ = pinfold_git_option_int(Int32(GIT_OPT_SET_OWNER_VALIDATION.rawValue), 0)
        // `url.*.insteadOf`, `core.*` and `include` of the machine's and the user's configuration would change what a push or a
        // diff does: nothing outside the repository is read.
        for level in [GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_PROGRAMDATA] {
            unsafe _ = pinfold_git_search_path(level.rawValue, "")
        }
        _ = pinfold_git_option_int(Int32(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION.rawValue), 1)
        _ = pinfold_git_option_int(Int32(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION.rawValue), 1)
        // What is said to be done is on the disk.
        _ = pinfold_git_option_int(Int32(GIT_OPT_ENABLE_FSYNC_GITDIR.rawValue), 1)
        // One open file a pack: never more than a part of what a process may have.
        _ = pinfold_git_option_size(Int32(GIT_OPT_SET_MWINDOW_FILE_LIMIT.rawValue), 128)
        // What libgit2 has no filter for, and git converts itself.
        WorkingTreeEncoding.register()
        // What it keeps of objects that it has read.
        _ = pinfold_git_option_size(Int32(GIT_OPT_SET_CACHE_MAX_SIZE.rawValue), 64 << 20)
        // The machine's authorities, or those that the admin names as for every other program. None where that cannot be read.
        let authorities = unsafe getenv("SSL_CERT_FILE").map { unsafe String(cString: $0) }
        unsafe _ = pinfold_git_certificates(authorities ?? "/etc/ssl/certs/ca-certificates.crt", nil)
    }()

    static func start() { _ = started }

    /// What libgit2 says about the call that failed last on this thread. Nothing may run on this thread in between.
    static func lastMessage() -> (text: String, category: UInt32) {
        guard let error = unsafe git_error_last() else { return ("no reason given", 0) }
        let text = unsafe String(cString: error.pointee.message)
        return (text, UInt32(bitPattern: unsafe error.pointee.klass))
    }
}

/// Makes one call of libgit2 and turns a negative result into an error: `what` names what was tried, to what.
@inline(__always)
@discardableResult
func git(_ what: @autoclosure () -> String, _ call: () -> Int32) throws(GitError) -> Int32 {
    let code = call()
    if code >= 0 { return code }
    let (text, category) = Library.lastMessage()
    throw GitError(kind(ofCode: code, category: category), "\(what()): \(text)")
}

private func kind(ofCode code: Int32, category: UInt32) -> GitError.Kind {
    switch code {
    case GIT_ENOTFOUND.rawValue: return .notFound
    case GIT_EAUTH.rawValue, GIT_ECERTIFICATE.rawValue: return .unreachable
    case GIT_ENONFASTFORWARD.rawValue: return .refused
    case GIT_EMISMATCH.rawValue, GIT_EINVALID.rawValue: return .corrupt
    default: break
    }
    switch category {
    case GIT_ERROR_OS.rawValue, GIT_ERROR_NOMEMORY.rawValue: return .system
    case GIT_ERROR_NET.rawValue, GIT_ERROR_SSL.rawValue, GIT_ERROR_SSH.rawValue, GIT_ERROR_HTTP.rawValue: return .unreachable
    default: return .corrupt
    }
}
