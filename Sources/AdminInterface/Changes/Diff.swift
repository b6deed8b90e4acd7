/// A change as a value: its files, their hunks, their lines. Paths and lines are the bytes that the agent wrote.
package struct Diff: Sendable {
    /// What lines are ranges of.
    package let source: [UInt8]
    package internal(set) var files: [FileChange] = []
    /// Lines that belong to no file, as they are: that the text was cut, above all.
    package internal(set) var remarks: [Range<Int>] = []

    package subscript(range: Range<Int>) -> ArraySlice<UInt8> { source[range] }

    package var lineCount: Int { files.reduce(0) { $0 + $1.lineCount } }
}

/// What happened to one file.
package struct FileChange: Sendable {
    package enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        case added
        case deleted
        case modified
        case renamed
        case copied
    }

    package internal(set) var kind = Kind.modified
    package internal(set) var oldPath: [UInt8] = []
    package internal(set) var newPath: [UInt8] = []
    package internal(set) var oldMode: FileMode?
    package internal(set) var newMode: FileMode?
    package internal(set) var isBinary = false
    package internal(set) var hunks: [Hunk] = []

    package var path: [UInt8] { kind == .deleted || newPath.isEmpty ? oldPath : newPath }
    package var lineCount: Int { hunks.reduce(0) { $0 + $1.lines.count } }
    package func count(_ kind: Line.Kind) -> Int { hunks.reduce(0) { $0 + $1.lines.count { $0.kind == kind } } }

    /// What happened, in words: the lines do not say all of it.
    package var words: String {
        var words =
            switch kind {
            case .added: "new"
            case .deleted: "deleted"
            case .modified: "changed"
            case .renamed: "renamed"
            case .copied: "copied"
            }
        switch (oldMode, newMode) {
        case (let old?, let new?) where old != new: words += ", was \(old.words), is \(new.words)"
        case (_, let mode?) where mode != .file, (let mode?, nil) where mode != .file: words += ", \(mode.words)"
        default: break
        }
        if isBinary { words += ", binary: its content is not shown" }
        return words
    }
}

/// What git knows of a file's kind.
package struct FileMode: Hashable, Sendable {
    package let octal: String

    static let file = FileMode(octal: "100644")

    package var words: String {
        switch octal {
        case "100644": "a file"
        case "100755": "a program (executable)"
        case "120000": "a symbolic link"
        case "160000": "a submodule"
        default: "of mode \(octal)"
        }
    }
}

package struct Hunk: Sendable {
    /// The first line's number in the old file and in the new one.
    package var oldStart: Int
    package var newStart: Int
    /// What git found above it: a function's name, most often.
    package var heading: Range<Int>
    package var lines: [Line] = []
}

package struct Line: Sendable {
    package enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
        case context
        case added
        case removed
    }

    package var kind: Kind
    /// Without its sign and its end.
    package var text: Range<Int>
    /// Its number in the old file and in the new one, where it is in both; else in the one that has it.
    package var old: Int
    package var new: Int
    /// The last of a file that does not end with a line's end.
    package var hasNoEnd = false
}
