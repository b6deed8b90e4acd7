internal import CLibgit2
internal import CLinux
internal import LinuxSystem

/// What is asked back during a push or a clone, and what went wrong in an answer.
final class RemoteTalk {
    let remote: GitRemote
    var complaint: (kind: GitError.Kind, message: String)?
    /// A refused credential is asked for again: the second time is the last.
    var wasAsked = false

    init(remote: GitRemote) { self.remote = remote }

    /// Has this asked by whoever uses `callbacks`, for which it has to live.
    func answer(_ callbacks: inout git_remote_callbacks) {
        unsafe callbacks.payload = Unmanaged.passUnretained(self).toOpaque()
        unsafe callbacks.credentials = remoteCredentials
        unsafe callbacks.certificate_check = remoteCertificate
        unsafe callbacks.push_update_reference = remoteAnswer
    }

    /// What the whole call came to: this side's own words where it refused something.
    func settle(_ verb: String, _ code: Int32) throws(GitError) {
        if let complaint { throw GitError(complaint.kind, "cannot \(verb) \(remote.shown): \(complaint.message)") }
        do throws(GitError) {
            try git("cannot \(verb) \(remote.shown)") { code }
        } catch {
            guard remote.transport == .ssh, error.message.contains("exchange encryption keys") else { throw error }
            throw GitError(
                .unreachable,
                "\(error): the two have no kind of key in common; the other side needs an ed25519 or ECDSA host key, RSA is not enough"
            )
        }
    }

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
        guard allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT.rawValue != 0, remote.transport == .https else {
            complaint = (.unreachable, "the other side wants a credential of a kind that Pinfold does not have")
            return GIT_EAUTH.rawValue
        }
        do throws(GitError) {
            let (name, password) = try userAndPassword()
            return unsafe git_credential_userpass_plaintext_new(out, name, password)
        } catch {
            complaint = (error.kind, error.message)
            return GIT_EAUTH.rawValue
        }
    }

    /// The address's own, or the file's first line.
    private func userAndPassword() throws(GitError) -> (String, String) {
        // A token stands for the password; most servers take any name with it.
        let anyone = "x-access-token"
        let file = remote.credentialFile
        if let (user, password) = remote.credential {
            if let password { return (user, password) }
            guard let file, unsafe access(file, F_OK) == 0 else { return (anyone, user) }
        }
        guard let file else { throw GitError(.unreachable, "the other side wants a credential, and none is configured") }
        let text = try AdminFile.read(file, private: true)
        guard let line = text.split(separator: UInt8(ascii: "\n")).first else { throw GitError(.unreachable, "\(file) is empty") }
        let parts = String(decoding: line, as: UTF8.self).trimmed.split(separator: ":", maxSplits: 1)
        guard let first = parts.first else { throw GitError(.unreachable, "\(file) is empty") }
        return parts.count == 2 ? (String(first), String(parts[1])) : (remote.credential?.user ?? anyone, String(first))
    }

    /// 0 where the host is the one that it says it is.
    func check(_ certificate: UnsafeMutablePointer<git_cert>?, isValid: Bool, host: String) -> Int32 {
        guard let certificate = unsafe certificate else { return GIT_ECERTIFICATE.rawValue }
        guard unsafe certificate.pointee.cert_type == GIT_CERT_HOSTKEY_LIBSSH2 else {
            // https: libgit2 has compared the chain with the machine's authorities.
            if !isValid {
                complaint = (
                    .unreachable,
                    """
                    THE CERTIFICATE OF \(host) IS NOT VALID for that name by this machine's authorities. Nothing was sent. A private \
                    authority is added by update-ca-certificates, or named by SSL_CERT_FILE
                    """
                )
            }
            return isValid ? 0 : GIT_ECERTIFICATE.rawValue
        }
        let key = unsafe UnsafeMutableRawPointer(certificate).assumingMemoryBound(to: git_cert_hostkey.self).pointee
        guard let shown = unsafe HostKey(key) else {
            complaint = (.unreachable, "\(host) showed no host key of a type that is known here")
            return GIT_ECERTIFICATE.rawValue
        }
        guard let objection = shown.objection(host: host, port: remote.sshPort, knownHosts: remote.knownHosts ?? "") else {
            return 0
        }
        complaint = (.unreachable, objection)
        return GIT_ECERTIFICATE.rawValue
    }
}

private let remoteCredentials: git_credential_acquire_cb = { out, _, user, allowed, payload in
    guard let payload = unsafe payload else { return -1 }
    let talk = unsafe Unmanaged<RemoteTalk>.fromOpaque(payload).takeUnretainedValue()
    return unsafe talk.credentials(out, user: user.map { unsafe String(cString: $0) }, allowed: allowed)
}

private let remoteCertificate: git_transport_certificate_check_cb = { certificate, valid, host, payload in
    guard let payload = unsafe payload, let host = unsafe host else { return GIT_ECERTIFICATE.rawValue }
    let talk = unsafe Unmanaged<RemoteTalk>.fromOpaque(payload).takeUnretainedValue()
    return unsafe talk.check(certificate, isValid: valid == 1, host: String(cString: host))
}

private let remoteAnswer: git_push_update_reference_cb = { name, status, payload in
    guard let payload = unsafe payload else { return -1 }
    if let status = unsafe status {
        let talk = unsafe Unmanaged<RemoteTalk>.fromOpaque(payload).takeUnretainedValue()
        unsafe talk.complaint = (
            .refused, "the other side refuses \(name.map { unsafe String(cString: $0) } ?? "it"): \(String(cString: status))"
        )
    }
    return 0
}
