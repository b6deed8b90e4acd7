internal import CLibgit2
internal import CLinux

/// The key by which an ssh server says who it is.
@safe struct HostKey {
    private let raw: UnsafeRawBufferPointer
    /// As OpenSSH writes it: `ecdsa-sha2-nistp256`.
    private let type: String
    /// The same for libssh2 (`LIBSSH2_KNOWNHOST_KEY_…`).
    private let mask: Int32

    /// Nil where libssh2 did not hand over the key itself. Valid for as long as `certificate` is.
    @unsafe init?(_ certificate: git_cert_hostkey) {
        guard unsafe certificate.type.rawValue & GIT_CERT_SSH_RAW.rawValue != 0, let bytes = unsafe certificate.hostkey else {
            return nil
        }
        unsafe raw = UnsafeRawBufferPointer(start: bytes, count: certificate.hostkey_len)
        let shift = LIBSSH2_KNOWNHOST_KEY_SHIFT
        switch unsafe certificate.raw_type {
        case GIT_CERT_SSH_RAW_TYPE_RSA: (type, mask) = ("ssh-rsa", 2 << shift)
        case GIT_CERT_SSH_RAW_TYPE_KEY_ECDSA_256: (type, mask) = ("ecdsa-sha2-nistp256", 4 << shift)
        case GIT_CERT_SSH_RAW_TYPE_KEY_ECDSA_384: (type, mask) = ("ecdsa-sha2-nistp384", 5 << shift)
        case GIT_CERT_SSH_RAW_TYPE_KEY_ECDSA_521: (type, mask) = ("ecdsa-sha2-nistp521", 6 << shift)
        case GIT_CERT_SSH_RAW_TYPE_KEY_ED25519: (type, mask) = ("ssh-ed25519", 7 << shift)
        default: return nil
        }
    }

    /// Why the key is not that of `host` by `file`, in OpenSSH's format; nil where it is.
    ///
    /// libssh2 prefers ECDSA to ed25519, whatever `file` holds, and libgit2 does not let anybody choose: a server that has both shows its
    /// ECDSA key, and a file with the other alone says nothing about that.
    func objection(host: String, port: Int32, knownHosts file: String) -> String? {
        let address = port == 22 ? host : "[\(host)]:\(port)"
        do throws(GitError) {
            let text = try AdminFile.read(file, private: false)
            if text.split(separator: UInt8(ascii: "\n")).contains(where: { $0.first == UInt8(ascii: "@") }) {
                return
                    "\(file) holds a line with a marker (@revoked, @cert-authority), which libssh2 does not understand: remove it"
            }
        } catch {
            return "\(error): make it with `ssh-keyscan -p \(port) \(host)`, and compare with what the host's admin says"
        }
        guard let session = unsafe pinfold_ssh2_session() else { return "out of memory" }
        defer { unsafe libssh2_session_free(session) }
        guard let hosts = unsafe libssh2_knownhost_init(session) else { return "out of memory" }
        defer { unsafe libssh2_knownhost_free(hosts) }
        guard unsafe libssh2_knownhost_readfile(hosts, file, LIBSSH2_KNOWNHOST_FILE_OPENSSH) >= 0 else {
            return "\(file) cannot be understood: a line of it is not HOST TYPE KEY"
        }
        func look(_ mask: Int32) -> Int32 {
            unsafe libssh2_knownhost_checkp(
                hosts, host, port, raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count, pinfold_ssh2_plain_raw | mask,
                nil)
        }
        switch look(mask) {
        case LIBSSH2_KNOWNHOST_CHECK_MATCH: return nil
        case LIBSSH2_KNOWNHOST_CHECK_MISMATCH:
            return """
                THE HOST KEY OF \(address) IS NOT THE ONE IN \(file): somebody may be in between. It showed \(type) \(fingerprint). \
                Nothing was sent. Replace the line only once the host's admin confirms that its key was changed
                """
        case LIBSSH2_KNOWNHOST_CHECK_NOTFOUND:
            let isKnown = look(0) == LIBSSH2_KNOWNHOST_CHECK_MISMATCH
            return """
                \(isKnown ? "\(file) has keys of \(address), but none of the type that it showed" : "\(address) is not in \(file)"): \
                it showed \(type) \(fingerprint). Nothing was sent. Once the host's admin confirms that this is its key, add the line \
                that `ssh-keyscan -t \(type.hasPrefix("ecdsa") ? "ecdsa" : type.hasSuffix("rsa") ? "rsa" : "ed25519") -p \(port) \(host)` prints
                """
        default: return "the host key of \(address) cannot be compared with \(file)"
        }
    }

    /// `SHA256:…` as `ssh-keygen -l` prints it.
    private var fingerprint: String {
        var digest = [UInt8](repeating: 0, count: 32)
        guard
            unsafe mbedtls_md(
                mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), raw.baseAddress?.assumingMemoryBound(to: UInt8.self), raw.count,
                &digest) == 0
        else {
            return "(no fingerprint)"
        }
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        var (pending, bits) = (UInt32(0), 0)
        for byte in digest {
            (pending, bits) = (pending << 8 | UInt32(byte), bits + 8)
            while bits >= 6 {
                bits -= 6
                text.append(digits[Int(pending >> bits & 63)])
            }
        }
        text.append(digits[Int(pending << (6 - bits) & 63)])
        return "SHA256:" + String(decoding: text, as: UTF8.self)
    }
}
