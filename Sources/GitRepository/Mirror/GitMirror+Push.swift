internal import CLibgit2
internal import CLinux
internal import LinuxSystem

extension GitMirror {
    /// Pushes `commit` to `branch` of `remote`, never forced, with this mirror's configuration alone.
    ///
    /// Runs no hook, neither here nor, for a file, there. Blocks for as long as the network does: libgit2 1.5 has no time limit, so
    /// whoever needs one calls this in a process that can be killed, which is what `pinfold-git push` is.
    package func push(_ commit: ObjectID, branch: String, to remote: PushRemote) throws(GitError) {
        guard GitDirectory.isBranchName(branch) else { throw GitError(.notFound, "\"\(branch)\" cannot be a branch's name") }
        guard let transport = remote.transport else {
            throw GitError(
                .unsupported, "cannot push to \(remote.url): give a path, file://, ssh://, user@host:path or https://")
        }
        if transport == .ssh, remote.sshKey == nil || remote.knownHosts == nil {
            throw GitError(.unreachable, "cannot push to \(remote.url): ssh needs a key file and a known_hosts file")
        }
        try opened.withLock { opened throws(GitError) in
            // A push names its source by a reference.
            let source = "refs/pinfold/push/\(commit)"
            try Self.point(source, to: commit, in: opened)
            var connection: OpaquePointer?
            try git("cannot push to \(remote.url)") {
                unsafe git_remote_create_anonymous(&connection, opened.repository, remote.url)
            }
            defer { unsafe git_remote_free(connection) }
            var options = unsafe git_push_options()
            try git("cannot push") { unsafe git_push_options_init(&options, UInt32(GIT_PUSH_OPTIONS_VERSION)) }
            let talk = PushTalk(remote: remote)
            unsafe options.callbacks.payload = Unmanaged.passUnretained(talk).toOpaque()
            unsafe options.callbacks.credentials = pushCredentials
            unsafe options.callbacks.certificate_check = pushCertificate
            unsafe options.callbacks.push_update_reference = pushAnswer
            let code = withExtendedLifetime(talk) {
                let specification = unsafe strdup("\(source):refs/heads/\(branch)")
                defer { unsafe free(specification) }
                var strings = unsafe [specification]
                return unsafe strings.withUnsafeMutableBufferPointer { list in
                    var specifications = unsafe git_strarray(strings: list.baseAddress, count: list.count)
                    return unsafe git_remote_push(connection, &specifications, &options)
                }
            }
            if let complaint = talk.complaint {
                throw GitError(complaint.kind, "cannot push to \(remote.url): \(complaint.message)")
            }
            try git("cannot push to \(remote.url)") { code }
            unsafe _ = git_reference_remove(opened.repository, source)
        }
    }
}

/// What is asked back during a push, and what went wrong in an answer.
private final class PushTalk {
    let remote: PushRemote
    var complaint: (kind: GitError.Kind, message: String)?
    /// A refused credential is asked for again: the second time is the last.
    var wasAsked = false

    init(remote: PushRemote) { self.remote = remote }

    func credentials(_ out: UnsafeMutablePointer<UnsafeMutablePointer<git_credential>?>?, user: String?, allowed: UInt32) -> Int32 {
        let user = user ?? "git"
        if remote.transport == .ssh, allowed & GIT_CREDENTIAL_USERNAME.rawValue != 0, allowed & GIT_CREDENTIAL_SSH_KEY.rawValue == 0
        {
            return unsafe git_credential_username_new(out, user)
        }
        if wasAsked {
            complaint = (.unreachable, "the other side does not accept the credential")
            return GIT_EAUTH.rawValue
        }
        wasAsked = true
        if allowed & GIT_CREDENTIAL_SSH_KEY.rawValue != 0, let key = remote.sshKey {
            return unsafe git_credential_ssh_key_new(out, user, nil, key, nil)
        }
        guard allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT.rawValue != 0, remote.transport == .https,
            let file = remote.credentialFile
        else {
            complaint = (.unreachable, "the other side wants a credential of a kind that is not configured")
            return GIT_EAUTH.rawValue
        }
        guard let text = Self.firstLine(of: file) else {
            complaint = (.unreachable, "the credential file \(file) cannot be read")
            return GIT_EAUTH.rawValue
        }
        let parts = text.split(separator: ":", maxSplits: 1)
        // A token stands for the password; most servers take any name with it.
        return unsafe parts.count == 2
            ? git_credential_userpass_plaintext_new(out, String(parts[0]), String(parts[1]))
            : git_credential_userpass_plaintext_new(out, user == "git" ? "x-access-token" : user, text)
    }

    private static func firstLine(of file: String) -> String? {
        guard let bytes = try? Inside.read(String(file.split(separator: "/").last ?? ""), inFolderOf: file, limit: 1 << 16) else {
            return nil
        }
        return bytes.split(separator: UInt8(ascii: "\n")).first.map { String(String(decoding: $0, as: UTF8.self).trimmed) }
    }

    /// 0 where the host is the one that it says it is.
    func check(_ certificate: UnsafeMutablePointer<git_cert>?, isValid: Bool, host: String) -> Int32 {
        guard let certificate = unsafe certificate else { return GIT_ECERTIFICATE.rawValue }
        guard unsafe certificate.pointee.cert_type == GIT_CERT_HOSTKEY_LIBSSH2 else {
            // https: libgit2 has compared the chain with the machine's authorities.
            if !isValid { complaint = (.unreachable, "the certificate of \(host) is not valid") }
            return isValid ? 0 : GIT_ECERTIFICATE.rawValue
        }
        let key = unsafe UnsafeMutableRawPointer(certificate).assumingMemoryBound(to: git_cert_hostkey.self).pointee
        let verdict = unsafe Self.look(up: host, port: remote.sshPort, key: key, in: remote.knownHosts ?? "")
        if let verdict { complaint = (.unreachable, verdict) }
        return verdict == nil ? 0 : GIT_ECERTIFICATE.rawValue
    }

    /// Why the key is not trusted; nil where it is.
    @unsafe private static func look(up host: String, port: Int32, key: git_cert_hostkey, in file: String) -> String? {
        guard unsafe key.type.rawValue & GIT_CERT_SSH_RAW.rawValue != 0 else { return "\(host) showed no host key" }
        guard let session = unsafe pinfold_ssh2_session() else { return "out of memory" }
        defer { unsafe libssh2_session_free(session) }
        guard let hosts = unsafe libssh2_knownhost_init(session) else { return "out of memory" }
        defer { unsafe libssh2_knownhost_free(hosts) }
        guard unsafe libssh2_knownhost_readfile(hosts, file, LIBSSH2_KNOWNHOST_FILE_OPENSSH) >= 0 else {
            return "the known_hosts file \(file) cannot be read"
        }
        let keyBytes = unsafe UnsafeRawPointer(key.hostkey).assumingMemoryBound(to: CChar.self)
        switch unsafe libssh2_knownhost_checkp(hosts, host, port, keyBytes, key.hostkey_len, pinfold_ssh2_plain_raw, nil) {
        case LIBSSH2_KNOWNHOST_CHECK_MATCH: return nil
        case LIBSSH2_KNOWNHOST_CHECK_MISMATCH:
            return "\(host) has another host key than \(file) says: somebody may be in between"
        case LIBSSH2_KNOWNHOST_CHECK_NOTFOUND: return "\(host) is not in \(file): add its host key there once you know it"
        default: return "the host key of \(host) cannot be compared"
        }
    }
}

private let pushCredentials: git_credential_acquire_cb = { out, _, user, allowed, payload in
    guard let payload = unsafe payload else { return -1 }
    let talk = unsafe Unmanaged<PushTalk>.fromOpaque(payload).takeUnretainedValue()
    return unsafe talk.credentials(out, user: user.map { unsafe String(cString: $0) }, allowed: allowed)
}

private let pushCertificate: git_transport_certificate_check_cb = { certificate, valid, host, payload in
    guard let payload = unsafe payload, let host = unsafe host else { return GIT_ECERTIFICATE.rawValue }
    let talk = unsafe Unmanaged<PushTalk>.fromOpaque(payload).takeUnretainedValue()
    return unsafe talk.check(certificate, isValid: valid == 1, host: String(cString: host))
}

private let pushAnswer: git_push_update_reference_cb = { name, status, payload in
    guard let payload = unsafe payload else { return -1 }
    if let status = unsafe status {
        let talk = unsafe Unmanaged<PushTalk>.fromOpaque(payload).takeUnretainedValue()
        unsafe talk.complaint = (
            .refused, "the other side refuses \(name.map { unsafe String(cString: $0) } ?? "it"): \(String(cString: status))"
        )
    }
    return 0
}
