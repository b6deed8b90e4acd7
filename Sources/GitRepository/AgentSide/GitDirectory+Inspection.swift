internal import CLinux

extension GitDirectory {
    /// Looks through `.git` for what Pinfold does not take in or what would hang or mislead a reader, by names and kinds alone.
    ///
    /// This is for a clear word to the owner; what protects the reader is that it runs as the agent's user, confined, with a deadline,
    /// since anything may change right after this look.
    func inspect() throws(GitError) {
        if exists("commondir") {
            throw GitError(.unsupported, "\(repository)/.git/commondir points to another repository: take in the main repository")
        }
        for name in ["objects/info/alternates", "objects/info/http-alternates"] where try !isEmpty(name) {
            throw GitError(
                .unsupported,
                "\(repository) borrows objects from another repository (.git/\(name)): run `git repack -a -d` and remove that file")
        }
        if try !isEmpty("shallow") {
            throw GitError(.unsupported, "\(repository) is a shallow clone: run `git fetch --unshallow` first")
        }
        if try !isEmpty("info/grafts") {
            throw GitError(
                .unsupported, "\(repository) has grafts (.git/info/grafts), which change what history looks like: remove that file")
        }
        if try entries(of: "refs/replace", limit: 1_000_000)?.isEmpty == false {
            throw GitError(
                .unsupported, "\(repository) has replace references, which change what history looks like: run `git replace -d`")
        }
        try inspectConfiguration()
        try inspectKinds()
    }

    private func isEmpty(_ path: String) throws(GitError) -> Bool {
        try read(path, limit: 1 << 20)?.allSatisfy { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: " ") } ?? true
    }

    /// The formats that libgit2 1.5 cannot read, told from the configuration's text alone: parsing it would follow its `include`s.
    private func inspectConfiguration() throws(GitError) {
        guard let bytes = try read("config", limit: 1 << 20) else { return }
        let text = String(decoding: bytes, as: UTF8.self).lowercased()
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(separator: "=", maxSplits: 1).map { String($0.trimmed) }
            guard words.count == 2 else { continue }
            switch (words[0], words[1]) {
            case ("objectformat", "sha256"):
                throw GitError(
                    .unsupported, "\(repository) uses SHA-256 object ids, which libgit2 does not read: use a SHA-1 repository")
            case ("partialclone", _), ("promisor", "true"):
                throw GitError(
                    .unsupported, "\(repository) is a partial clone, whose objects are fetched on demand: clone it whole")
            case ("refstorage", "reftable"):
                throw GitError(.unsupported, "\(repository) keeps its references as a reftable, which libgit2 does not read")
            default: break
            }
        }
    }

    /// FIFOs, sockets, devices and symbolic links where git keeps objects: libgit2 would block on some of them.
    private func inspectKinds() throws(GitError) {
        guard let top = try entries(of: "objects", limit: 10_000) else {
            throw GitError(.corrupt, "\(repository)/.git has no objects directory")
        }
        for (name, kind) in top {
            let path = "objects/\(name)"
            switch kind {
            case pinfold_DT_DIR:
                for (inner, innerKind) in try entries(of: path, limit: 1_000_000) ?? [] {
                    // `objects/info/commit-graphs` is a directory.
                    guard innerKind == pinfold_DT_REG || innerKind == pinfold_DT_DIR || innerKind == pinfold_DT_UNKNOWN else {
                        throw GitError(.hostile, "\(repository)/.git/\(path)/\(inner) is neither a file nor a directory")
                    }
                    if inner.hasSuffix(".promisor") {
                        throw GitError(
                            .unsupported, "\(repository) is a partial clone, whose objects are fetched on demand: clone it whole")
                    }
                }
            case pinfold_DT_REG, pinfold_DT_UNKNOWN: break
            default: throw GitError(.hostile, "\(repository)/.git/\(path) is neither a file nor a directory")
            }
        }
    }
}
