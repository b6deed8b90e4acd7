/// One entry of a tree object, checked: what a name or a mode may not be never gets past `parse`.
package struct TreeEntry: Hashable, Sendable {
    package let name: [UInt8]
    package let mode: FileMode
    package let id: ObjectID

    /// The entries of a tree object's content (`octal mode SP name NUL 20 bytes`, repeated).
    ///
    /// Refused: truncated content, a mode outside the five, a name that leads elsewhere (`..`, with a slash) or the repository
    /// itself (`.git` in any spelling that some filesystem takes for it), a name twice, entries out of git's order.
    package static func parse(_ content: UnsafeRawBufferPointer, of tree: ObjectID) throws(GitError) -> [TreeEntry] {
        var entries: [TreeEntry] = []
        var position = 0
        while position < content.count {
            var mode: UInt32 = 0
            let start = position
            while position < content.count, unsafe content[position] != UInt8(ascii: " ") {
                let digit = unsafe content[position]
                guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit), position - start < 7 else {
                    throw GitError(.hostile, "tree \(tree) has an entry without a proper mode")
                }
                mode = mode << 3 | UInt32(digit - UInt8(ascii: "0"))
                position += 1
            }
            let nameStart = position + 1
            position = nameStart
            while position < content.count, unsafe content[position] != 0 { position += 1 }
            guard position > nameStart, position + 21 <= content.count else {
                throw GitError(.corrupt, "tree \(tree) is truncated")
            }
            let name = unsafe Array(content[nameStart..<position])
            // 100664 is what git wrote before 2005 and reads as 100644 ever since.
            guard let known = FileMode(rawValue: mode == 0o100664 ? 0o100644 : mode) else {
                throw GitError(
                    .hostile, "\(TreePath(bytes: name)) in tree \(tree) has mode \(String(mode, radix: 8)), which no checkout makes"
                )
            }
            if let reason = TreeName.objection(to: name) {
                throw GitError(.hostile, "tree \(tree) holds the name \"\(TreePath(bytes: name))\": \(reason)")
            }
            let id = unsafe ObjectID(loading: content, at: position + 1)
            let entry = TreeEntry(name: name, mode: known, id: id)
            if let last = entries.last, !last.sortsBefore(entry) {
                throw GitError(.hostile, "tree \(tree) is not in order at \"\(TreePath(bytes: name))\"")
            }
            entries.append(entry)
            position += 21
        }
        // The order puts `a.b` between a file `a` and a directory `a`, so neighbours alone do not show such a pair.
        if entries.contains(where: { $0.mode == .directory }), Set(entries.map(\.name)).count != entries.count {
            throw GitError(.hostile, "tree \(tree) holds a name twice")
        }
        return entries
    }

    /// Git's order: by bytes, a directory as if its name ended in `/`.
    private func sortsBefore(_ other: TreeEntry) -> Bool {
        let common = min(name.count, other.name.count)
        for index in 0..<common where name[index] != other.name[index] { return name[index] < other.name[index] }
        let mine = name.count > common ? name[common] : (mode == .directory ? UInt8(ascii: "/") : 0)
        let theirs = other.name.count > common ? other.name[common] : (other.mode == .directory ? UInt8(ascii: "/") : 0)
        return mine < theirs
    }
}

/// Which names a tree may hold.
enum TreeName {
    /// Why `name` is refused, nil where it is not.
    static func objection(to name: [UInt8]) -> String? {
        if name.isEmpty { return "it is empty" }
        if name.count > 255 { return "it is longer than the 255 bytes that a filesystem takes" }
        if name.contains(UInt8(ascii: "/")) { return "it contains a slash" }
        if name == Array(".".utf8) || name == Array("..".utf8) { return "it means another directory" }
        if meansRepository(name) { return "some filesystems take it for .git" }
        return nil
    }

    /// Whether it is `.git` in another case, with characters that HFS+ ignores, with what NTFS strips, or NTFS's short form.
    private static func meansRepository(_ name: [UInt8]) -> Bool {
        // Any such spelling has the letters g, i, t in it; most names are done here.
        guard let first = name.first, first == UInt8(ascii: ".") || first | 0x20 == UInt8(ascii: "g") || first >= 0x80 else {
            return false
        }
        let ignored: Set<UInt32> = [
            0x200c, 0x200d, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x206a, 0x206b, 0x206c, 0x206d, 0x206e, 0x206f,
            0xfeff,
        ]
        var folded: [UInt8] = []
        for scalar in String(decoding: name, as: UTF8.self).unicodeScalars where !ignored.contains(scalar.value) {
            // NTFS ends a name at a stream's colon; a backslash separates names there.
            if scalar == ":" || scalar == "\\" { break }
            folded.append(scalar.value < 0x80 ? UInt8(scalar.value) : 0xff)
        }
        while let last = folded.last, last == UInt8(ascii: ".") || last == UInt8(ascii: " ") { folded.removeLast() }
        let lower = folded.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
        return lower == Array(".git".utf8) || lower == Array("git~1".utf8)
    }
}
