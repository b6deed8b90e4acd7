internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// An untrusted `.git` directory, held open.
struct GitDirectory: ~Copyable {
    private let directory: Descriptor
    /// The working directory's path.
    let repository: String

    /// - Throws: `notFound` where there is no repository, `unsupported` where `.git` is a file (a linked worktree, a submodule),
    ///   `hostile` where it is a symbolic link or anything else.
    init(of repository: String) throws(GitError) {
        self.repository = repository
        let root = try openFile(repository, [.readOnly, .directory], or: "cannot open the repository \(repository)")
        do {
            directory = try Inside.open(".git", in: root.rawValue, flags: O_RDONLY | O_DIRECTORY)
        } catch .noSuchFileOrDirectory {
            throw GitError(.notFound, "\(repository) is not a git repository: it has no .git directory")
        } catch .notDirectory {
            throw GitError(
                .unsupported,
                "\(repository)/.git is not a directory: a linked worktree or a submodule cannot be taken in, use the main repository"
            )
        } catch {
            throw GitError(.hostile, "\(repository)/.git cannot be opened as a directory: \(error.description)")
        }
    }

    func read(_ path: String, limit: Int) throws(GitError) -> [UInt8]? {
        try Inside.read(path, in: directory.rawValue, limit: limit)
    }

    func entries(of path: String, limit: Int) throws(GitError) -> [(name: String, kind: UInt8)]? {
        try Inside.entries(of: path, in: directory.rawValue, limit: limit)
    }

    func exists(_ path: String) -> Bool {
        var status = stat()
        return unsafe fstatat(directory.rawValue, path, &status, pinfold_AT_SYMLINK_NOFOLLOW) == 0
    }

    func currentBranch() throws(GitError) -> String? {
        guard let head = try read("HEAD", limit: 4096) else { throw GitError(.notFound, "\(repository)/.git has no HEAD") }
        let text = String(decoding: head, as: UTF8.self)
        guard text.hasPrefix("ref:") else { return nil }
        let name = text.dropFirst(4).trimmed
        guard name.hasPrefix("refs/heads/") else { return nil }
        let branch = String(name.dropFirst("refs/heads/".count))
        return Self.isBranchName(branch) ? branch : nil
    }

    func commit(ofBranch branch: String) throws(GitError) -> ObjectID? {
        guard Self.isBranchName(branch) else { throw GitError(.notFound, "\"\(branch)\" cannot be a branch's name") }
        return try commit(ofReference: "refs/heads/\(branch)", depth: 0)
    }

    private func commit(ofReference name: String, depth: Int) throws(GitError) -> ObjectID? {
        guard depth < 5 else { throw GitError(.hostile, "the reference \(name) leads to itself") }
        // A reference is packed by writing packed-refs first and removing the loose file after: whoever finds neither looked at
        // packed-refs too early or at the loose file too late, and looks again.
        for _ in 0..<3 {
            if let loose = try read(name, limit: 4096) {
                let text = String(decoding: loose, as: UTF8.self)
                if text.hasPrefix("ref:") {
                    let target = String(text.dropFirst(4).trimmed)
                    guard target.hasPrefix("refs/heads/"), Self.isBranchName(String(target.dropFirst(11))) else {
                        throw GitError(.hostile, "the reference \(name) leads outside the branches")
                    }
                    return try commit(ofReference: target, depth: depth + 1)
                }
                if let id = ObjectID(String(text.trimmed)) { return id }
                // Empty for a moment where a writer truncates in place; git itself renames.
                if !text.trimmed.isEmpty {
                    throw GitError(.corrupt, "the reference \(name) holds no commit id (SHA-256 repositories are not supported)")
                }
            }
            if let id = try packed(name) { return id }
        }
        return nil
    }

    private func packed(_ name: String) throws(GitError) -> ObjectID? {
        guard let table = try read("packed-refs", limit: 16 << 20) else { return nil }
        let wanted = Array(name.utf8)
        // One line after the other: all at once they may be millions, and take many times the file's size.
        var rest = table[...]
        while !rest.isEmpty {
            let line = rest.prefix { $0 != UInt8(ascii: "\n") }
            rest = rest[line.endIndex...].dropFirst()
            guard line.count == 41 + wanted.count, line[line.startIndex + 40] == UInt8(ascii: " "),
                line.suffix(wanted.count).elementsEqual(wanted)
            else { continue }
            return ObjectID(hex: line.prefix(40))
        }
        return nil
    }

    /// The rules of `man 1 git-check-ref-format`, so that a name can be a path below `refs/heads` and nothing else.
    static func isBranchName(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count < 240, name != "@", !name.hasPrefix("-") else { return false }
        if name.utf8.contains(where: { $0 < 0x21 || $0 == 0x7f || "~^:?*[\\".utf8.contains($0) }) { return false }
        if name.hasSuffix("/") || name.hasPrefix("/") || name.hasSuffix(".") { return false }
        let parts = name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        return parts.allSatisfy { part in
            !part.isEmpty && !part.hasPrefix(".") && !part.hasSuffix(".lock") && !hasPair(part, ".", ".")
                && !hasPair(part, "@", "{")
        }
    }

    private static func hasPair(_ text: String, _ first: Character, _ second: Character) -> Bool {
        zip(text, text.dropFirst()).contains { $0 == first && $1 == second }
    }
}

extension StringProtocol {
    /// Without the white space around it.
    var trimmed: SubSequence {
        var text = self[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        return text
    }
}
