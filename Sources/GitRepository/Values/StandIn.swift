/// What a commit holds in the place of something else. It is deployed as it is stored: nothing is fetched and no filter runs.
package enum StandIn: UInt8, CaseIterable, Hashable, Sendable {
    /// A few lines that name a file on a Git LFS server.
    case lfsPointer = 1
    /// The same of git-annex: a file, or a link into `.git/annex`.
    case annexPointer
    /// A file that git-crypt has encrypted.
    case encrypted
    /// A `.gitattributes` with `working-tree-encoding`: what it is about is stored in UTF-8, and served so.
    case encoding
    /// Another repository's commit: an empty directory.
    case submodule

    /// A pointer is shorter than that (git-lfs's specification; the others are far shorter).
    package static let longest = 1024

    /// What a file's content says, nil where it stands for itself.
    package init?(file name: some Sequence<UInt8>, content: RawSpan) {
        if name.elementsEqual(".gitattributes".utf8) {
            guard Self.setsEncoding(content) else { return nil }
            self = .encoding
            return
        }
        if Self.starts(content, with: "\0GITCRYPT\0") {
            self = .encrypted
        } else if content.byteCount <= Self.longest,
            Self.starts(content, with: "version https://git-lfs.github.com/spec/")
                || Self.starts(content, with: "version https://hawser.github.com/spec/")
        {
            self = .lfsPointer
        } else if content.byteCount <= Self.longest, Self.starts(content, with: "/annex/objects/") {
            self = .annexPointer
        } else {
            return nil
        }
    }

    /// The same for what a symbolic link holds.
    package init?(link target: [UInt8]) {
        let text = String(decoding: target, as: UTF8.self)
        guard text.hasPrefix(".git/annex/") || text.contains("/.git/annex/") else { return nil }
        self = .annexPointer
    }

    private static func starts(_ content: RawSpan, with text: String) -> Bool {
        let bytes = text.utf8
        guard content.byteCount >= bytes.count else { return false }
        for (index, byte) in bytes.enumerated() where unsafe content.unsafeLoad(fromByteOffset: index, as: UInt8.self) != byte {
            return false
        }
        return true
    }

    private static func setsEncoding(_ content: RawSpan) -> Bool {
        let text = unsafe content.withUnsafeBytes { unsafe String(decoding: $0.prefix(1 << 20), as: UTF8.self) }
        return text.split(whereSeparator: \.isNewline).contains { line in
            let words = line.split(whereSeparator: \.isWhitespace)
            return words.first?.hasPrefix("#") == false && words.dropFirst().contains { $0.hasPrefix("working-tree-encoding=") }
        }
    }
}

/// Something in a tree that stands for something else.
package struct StandInFile: Hashable, Sendable, Comparable {
    package let path: TreePath
    package let kind: StandIn

    package init(path: TreePath, kind: StandIn) {
        self.path = path
        self.kind = kind
    }

    package static func < (one: StandInFile, other: StandInFile) -> Bool { one.path < other.path }
}
