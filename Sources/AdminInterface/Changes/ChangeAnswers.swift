/// The files of a change, in its own order, without their lines.
package struct ChangeList: Codable, Hashable, Sendable {
    package var files: [ChangedFile]
    /// What belongs to no file: that the change was cut, above all.
    package var remarks: [String]

    package init(_ diff: Diff) {
        files = diff.files.indices.map { ChangedFile($0, of: diff, withLines: false) }
        remarks = diff.remarks.map { String(decoding: diff[$0], as: UTF8.self) }
    }
}

/// What happened to one file. Text is the agent's; bytes of it that are no UTF-8 are U+FFFD here.
package struct ChangedFile: Codable, Hashable, Sendable {
    /// Its place in the change, from 0 on.
    package var number: Int
    package var path: String
    /// What it was called; none where it is called the same.
    package var oldPath: String?
    package var kind: FileChange.Kind
    /// In words: its kind, and what its mode says.
    package var what: String
    /// Whether its content is not shown.
    package var binary: Bool
    /// Lines.
    package var added: Int
    package var removed: Int
    /// None in a list.
    package var parts: [Part]?

    /// Lines that stand together.
    package struct Part: Codable, Hashable, Sendable {
        /// The first line's number in the old file and in the new one.
        package var oldStart: Int
        package var newStart: Int
        package var heading: String
        package var lines: [Line]
    }

    package struct Line: Codable, Hashable, Sendable {
        package var kind: AdminInterface.Line.Kind
        package var text: String
        /// Its number in the file that has it; both of a line that is in both.
        package var old: Int?
        package var new: Int?
        /// Whether the file ends with it, without a line's end.
        package var endsUnfinished: Bool?
    }

    package init(_ number: Int, of diff: Diff, withLines: Bool) {
        let file = diff.files[number]
        func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
        self.number = number
        path = text(file.path)
        oldPath = file.oldPath.isEmpty || file.oldPath == file.path ? nil : text(file.oldPath)
        kind = file.kind
        what = file.words
        binary = file.isBinary
        (added, removed) = (file.count(.added), file.count(.removed))
        guard withLines else { return }
        parts = file.hunks.map { hunk in
            Part(
                oldStart: hunk.oldStart, newStart: hunk.newStart, heading: text(diff[hunk.heading]),
                lines: hunk.lines.map { line in
                    Line(
                        kind: line.kind, text: text(diff[line.text]), old: line.kind == .added ? nil : line.old,
                        new: line.kind == .removed ? nil : line.new, endsUnfinished: line.hasNoEnd ? true : nil)
                })
        }
    }
}
