internal import PlainText

/// A repository elsewhere, and with what it is reached: what a deployed commit is pushed to, or what is cloned.
package struct GitRemote: Hashable, Sendable {
    /// `/path`, `file://…`, `ssh://user@host/path`, `user@host:path`, `https://…`. It may hold a password: `shown` is what people read.
    package let url: String
    /// A private key in OpenSSH's format, ed25519 or ECDSA, without a passphrase, for ssh.
    package var sshKey: String?
    /// The hosts that are trusted for ssh, in OpenSSH's format; a host that is not in it is refused.
    package var knownHosts: String?
    /// A file that holds `user:password` or a token alone, for https. What the address itself holds goes first.
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
        if url.hasPrefix("/") || url.hasPrefix("file:///") || url.hasPrefix("file://localhost/") { return .file }
        if url.hasPrefix("ssh://") || url.hasPrefix("git+ssh://") || url.hasPrefix("ssh+git://") { return .ssh }
        if url.hasPrefix("https://") { return .https }
        if authority != nil { return nil }
        // `user@host:path`: the colon before any slash.
        guard let colon = url.firstIndex(of: ":"), colon != url.startIndex, !url[..<colon].contains("/"), !url.hasPrefix("-"),
            !url[colon...].hasPrefix("::")
        else { return nil }
        return .ssh
    }

    /// Makes a call that goes there, once it is of a kind that is supported; its errors hold no secret of the address.
    /// - Parameter verb: what is done, in front of the address: `push to`.
    func reach<Result>(_ verb: String, _ call: () throws(GitError) -> Result) throws(GitError) -> Result {
        func refuse(_ kind: GitError.Kind, _ reason: String) -> GitError { GitError(kind, "cannot \(verb) \(shown): \(reason)") }
        guard let transport else {
            throw refuse(.unsupported, "give a path, file://, ssh://, user@host:path or https://")
        }
        if hasUselessPassword { throw refuse(.unsupported, "over ssh a key authenticates; remove the password") }
        if transport == .ssh {
            guard let sshKey, knownHosts != nil else { throw refuse(.unreachable, "ssh needs a key file and a known_hosts file") }
            do throws(GitError) { try PushKey.check(sshKey) } catch { throw refuse(error.kind, error.message) }
        }
        do throws(GitError) {
            return try call()
        } catch {
            // The address is in what the library says.
            throw GitError(error.kind == .system && transport != .file ? .unreachable : error.kind, redacting(error.message))
        }
    }

    /// The directory that a path or a `file://` address names, percent escapes decoded; nil for another machine's.
    var path: String? {
        guard transport == .file else { return nil }
        guard url.hasPrefix("file://") else { return url }
        return Self.decoded(url[(url.dropFirst("file://".count).firstIndex(of: "/") ?? url.endIndex)...])
    }

    /// Removes what a push that was killed and has been waited for left there, where that is on this machine.
    package func clearAfterPush() throws(GitError) {
        if let path { try Traces.clearAway(in: path) }
    }

    /// What is between `://` and the path; nil for an address without a scheme.
    private var authority: Substring? {
        guard let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://") else { return nil }
        return url[colon...].dropFirst(3).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    }

    /// What is before the last `@` of the authority. Not the first: a password that was not escaped may hold one.
    private var userInformation: Substring? {
        guard let authority, let at = authority.lastIndex(of: "@") else { return nil }
        return authority[..<at]
    }

    /// The address for logs, records and messages. Over ssh a user's name alone is no secret; anywhere else it may be a token.
    package var shown: String {
        guard let secret = userInformation, transport != .ssh || secret.contains(":") else { return url }
        return url[..<secret.startIndex] + "…" + url[secret.endIndex...]
    }

    /// `text` without what the address holds as a secret, for what a library, a server or the admin's check said about it.
    package func redacting(_ text: String) -> String {
        var result = text.replacing(url, with: shown)
        guard let secret = userInformation, transport != .ssh || secret.contains(":") else { return result }
        // The whole, and the password, or the token in the place of a name. Not a name with a password: it may be any word.
        for part in [secret, secret.split(separator: ":", maxSplits: 1).last ?? secret] where part.utf8.count > 3 {
            result = result.replacing(part, with: "…")
            result = result.replacing(Self.decoded(part), with: "…")
        }
        return result
    }

    /// The address as libgit2 gets it: what authenticates goes by the callback alone.
    var bare: String {
        guard transport == .https, let secret = userInformation else { return url }
        return String(url[..<secret.startIndex] + url[secret.endIndex...].dropFirst())
    }

    /// Name and password of an https address, percent escapes decoded; the password is nil where it has none.
    var credential: (user: String, password: String?)? {
        guard transport == .https, let parts = userInformation?.split(separator: ":", maxSplits: 1), let user = parts.first else {
            return nil
        }
        return (Self.decoded(user), parts.count == 2 ? Self.decoded(parts[1]) : nil)
    }

    /// Whether an ssh address holds a password, which no key needs.
    var hasUselessPassword: Bool { transport == .ssh && userInformation?.contains(":") == true }

    private static func decoded(_ text: Substring) -> String {
        String(decoding: PercentEncoding.decoded(text), as: UTF8.self)
    }

    /// The port that the address names, 22 where it names none.
    var sshPort: Int32 {
        guard let authority else { return 22 }
        let host = authority.split(separator: "@").last ?? authority
        // `[::1]:2222` has colons of its own.
        guard let colon = host.lastIndex(of: ":"), !host[colon...].contains("]") else { return 22 }
        return Int32(host[host.index(after: colon)...]) ?? 22
    }
}
