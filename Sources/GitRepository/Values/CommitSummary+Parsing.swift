extension CommitSummary {
    /// Nil where the content is not a commit: `tree`, any number of `parent`, `author`, `committer`, other headers, an empty line, the message.
    package init?(id: ObjectID, content: [UInt8]) {
        var lines = content[...]
        func next() -> ArraySlice<UInt8>? {
            guard let end = lines.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            defer { lines = lines[(end + 1)...] }
            return lines[..<end]
        }
        func value(_ line: ArraySlice<UInt8>?, after key: String) -> ArraySlice<UInt8>? {
            guard let line, line.starts(with: Array(key.utf8)) else { return nil }
            return line.dropFirst(key.utf8.count)
        }
        guard let treeText = value(next(), after: "tree "), let tree = ObjectID(hex: treeText) else { return nil }
        var parents: [ObjectID] = []
        var line = next()
        while let text = value(line, after: "parent ") {
            guard let parent = ObjectID(hex: text) else { return nil }
            parents.append(parent)
            line = next()
        }
        guard let author = value(line, after: "author ").flatMap(Self.signature) else { return nil }
        guard let committer = value(next(), after: "committer ").flatMap(Self.signature) else { return nil }
        while let other = next(), !other.isEmpty {}
        self.init(
            id: id, tree: tree, parents: parents, authorName: author.name, authorEmail: author.email, authoredAt: author.seconds,
            committerName: committer.name, committerEmail: committer.email, committedAt: committer.seconds,
            message: String(decoding: lines, as: UTF8.self))
    }

    /// `Name <email> seconds zone`: lenient about all but the order, since only people read it.
    private static func signature(_ text: ArraySlice<UInt8>) -> (name: String, email: String, seconds: Int64)? {
        guard let open = text.firstIndex(of: UInt8(ascii: "<")), let close = text.lastIndex(of: UInt8(ascii: ">")), open < close
        else {
            return nil
        }
        var name = String(decoding: text[..<open], as: UTF8.self)
        while name.last == " " { name.removeLast() }
        let email = String(decoding: text[(open + 1)..<close], as: UTF8.self)
        let rest = String(decoding: text[(close + 1)...], as: UTF8.self).split(separator: " ")
        return (name, email, rest.first.flatMap { Int64($0) } ?? 0)
    }
}
