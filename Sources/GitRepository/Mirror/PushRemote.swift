/// Where a deployed commit is pushed to, and with what.
package struct PushRemote: Hashable, Sendable {
    /// `/path`, `file://…`, `ssh://user@host/path`, `user@host:path`, `https://…`.
    package let url: String
    /// A private key in OpenSSH's format, ed25519 or ECDSA, without a passphrase, for ssh.
    package var sshKey: String?
    /// The hosts that are trusted for ssh, in OpenSSH's format; a host that is not in it is refused.
    package var knownHosts: String?
    /// A file that holds `user:password` or a token alone, for https.
    package var credentialFile: String?

    package init(url: String, sshKey: String? = nil, knownHosts: String? = nil, credentialFile: String? = nil) {
        self.url = url
        self.sshKey = sshKey
        self.knownHosts = knownHosts
        self.credentialFile = credentialFile
    }

    enum Transport { case file, ssh, https }

    /// Nil for what is not supported: plain `http` and `git` prove nothing about the other side, and other schemes start programs.
    var transport: Transport? {
        if url.hasPrefix("/") || url.hasPrefix("file:///") { return .file }
        if url.hasPrefix("ssh://") || url.hasPrefix("git+ssh://") || url.hasPrefix("ssh+git://") { return .ssh }
        if url.hasPrefix("https://") { return .https }
        if hasScheme { return nil }
        // `user@host:path`: the colon before any slash.
        guard let colon = url.firstIndex(of: ":"), colon != url.startIndex, !url[..<colon].contains("/"), !url.hasPrefix("-"),
            !url[colon...].hasPrefix("::")
        else { return nil }
        return .ssh
    }

    private var hasScheme: Bool {
        guard let colon = url.firstIndex(of: ":") else { return false }
        return url[colon...].hasPrefix("://")
    }

    /// The port that the address names, 22 where it names none.
    var sshPort: Int32 {
        guard hasScheme, let start = url.firstIndex(of: ":") else { return 22 }
        let authority = url[start...].dropFirst(3).prefix { $0 != "/" }
        let host = authority.split(separator: "@").last ?? authority
        // `[::1]:2222` has colons of its own.
        guard let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") else { return 22 }
        return Int32(host[host.index(after: colon)...]) ?? 22
    }
}
