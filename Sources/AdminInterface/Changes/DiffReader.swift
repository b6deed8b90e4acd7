/// Reads a unified diff as git and libgit2 write it. Whoever wrote the files wrote most of the text: lines are told from headers by the
/// hunk's own counts, so that a removed `-- a/x` is not taken for a header; what is understood by nobody is kept as a remark.
struct DiffReader {
    private var diff: Diff
    private var position = 0
    private var file: FileChange?

    static func read(_ source: [UInt8]) -> Diff {
        var reader = DiffReader(diff: Diff(source: source))
        while let line = reader.next() { reader.header(line) }
        reader.endFile()
        return reader.diff
    }

    private init(diff: Diff) { self.diff = diff }

    /// The next line without its end.
    private mutating func next() -> Range<Int>? {
        guard position < diff.source.count else { return nil }
        let end = diff.source[position...].firstIndex(of: 10) ?? diff.source.count
        defer { position = min(end + 1, diff.source.count) }
        return position..<end
    }

    private mutating func endFile() {
        if let file { diff.files.append(file) }
        file = nil
    }

    private mutating func header(_ line: Range<Int>) {
        if let names = rest(of: line, after: "diff --git ") {
            endFile()
            var change = FileChange()
            if let name = Self.sameName(Array(diff[names])) { (change.oldPath, change.newPath) = (name, name) }
            file = change
            return
        }
        guard file != nil else { return remark(line) }
        if let text = rest(of: line, after: "@@ ") { return hunk(text, line) }
        if let text = rest(of: line, after: "--- ") { return name(text, stripping: "a/") { $0.oldPath = $1 } }
        if let text = rest(of: line, after: "+++ ") { return name(text, stripping: "b/") { $0.newPath = $1 } }
        if let text = rest(of: line, after: "old mode ") {
            set(text) { $0.oldMode = $1 }
        } else if let text = rest(of: line, after: "new mode ") {
            set(text) { $0.newMode = $1 }
        } else if let text = rest(of: line, after: "new file mode ") {
            set(text) { ($0.kind, $0.newMode) = (.added, $1) }
        } else if let text = rest(of: line, after: "deleted file mode ") {
            set(text) { ($0.kind, $0.oldMode) = (.deleted, $1) }
        } else if let text = rest(of: line, after: "index ") {
            index(text)
        } else if let text = rest(of: line, after: "rename from ") {
            name(text, stripping: "") { ($0.kind, $0.oldPath) = (.renamed, $1) }
        } else if let text = rest(of: line, after: "rename to ") {
            name(text, stripping: "") { ($0.kind, $0.newPath) = (.renamed, $1) }
        } else if let text = rest(of: line, after: "copy from ") {
            name(text, stripping: "") { ($0.kind, $0.oldPath) = (.copied, $1) }
        } else if let text = rest(of: line, after: "copy to ") {
            name(text, stripping: "") { ($0.kind, $0.newPath) = (.copied, $1) }
        } else if rest(of: line, after: "Binary files ") != nil || rest(of: line, after: "GIT binary patch") != nil {
            file?.isBinary = true
        } else if rest(of: line, after: "similarity index ") != nil || rest(of: line, after: "dissimilarity index ") != nil {
        } else if !line.isEmpty {
            remark(line)
        }
    }

    private mutating func remark(_ line: Range<Int>) { if !line.isEmpty { diff.remarks.append(line) } }

    private func rest(of line: Range<Int>, after prefix: StaticString) -> Range<Int>? {
        let count = prefix.utf8CodeUnitCount
        guard line.count >= count,
            prefix.withUTF8Buffer({ unsafe diff.source[line.lowerBound..<line.lowerBound + count].elementsEqual($0) })
        else { return nil }
        return line.lowerBound + count..<line.upperBound
    }

    private func mode(_ text: Range<Int>) -> FileMode { FileMode(octal: String(decoding: diff[text].prefix(6), as: UTF8.self)) }

    private mutating func set(_ text: Range<Int>, _ body: (inout FileChange, FileMode) -> Void) {
        let mode = mode(text)
        guard var changed = file else { return }
        body(&changed, mode)
        file = changed
    }

    /// `0123..4567 100644`: the mode stands here where it is the same on both sides.
    private mutating func index(_ text: Range<Int>) {
        guard let space = diff[text].lastIndex(of: UInt8(ascii: " ")), file?.oldMode == nil, file?.newMode == nil else { return }
        set(space + 1..<text.upperBound) { ($0.oldMode, $0.newMode) = ($1, $1) }
    }

    private mutating func name(_ text: Range<Int>, stripping prefix: String, _ set: (inout FileChange, [UInt8]) -> Void) {
        var bytes = Array(diff[text])
        // git ends a name that has a space in it by a tab.
        if bytes.last == 9, bytes.first != UInt8(ascii: "\"") { bytes.removeLast() }
        bytes = Self.unquoted(bytes)
        guard bytes != Array("/dev/null".utf8), var changed = file else { return }
        set(&changed, bytes.starts(with: prefix.utf8) ? Array(bytes.dropFirst(prefix.utf8.count)) : bytes)
        file = changed
    }

    /// The name in `a/NAME b/NAME`, for changes that say it nowhere else: of a mode, of a binary file, of an empty one.
    static func sameName(_ text: [UInt8]) -> [UInt8]? {
        if text.first == UInt8(ascii: "\"") {
            guard let end = closingQuote(text) else { return nil }
            return Array(unquoted(Array(text[...end])).dropFirst(2))
        }
        // Both halves have the same length.
        let half = (text.count - 1) / 2
        guard text.count >= 5, text.count % 2 == 1, text[half] == UInt8(ascii: " "), text[2..<half] == text[(half + 3)...] else {
            return nil
        }
        return Array(text[2..<half])
    }

    private static func closingQuote(_ text: [UInt8]) -> Int? {
        var index = 1
        while index < text.count {
            if text[index] == UInt8(ascii: "\\") { index += 2; continue }
            if text[index] == UInt8(ascii: "\"") { return index }
            index += 1
        }
        return nil
    }

    /// A name as git quotes it: in quotes, with C's escapes.
    static func unquoted(_ text: [UInt8]) -> [UInt8] {
        guard text.count >= 2, text.first == UInt8(ascii: "\""), text.last == UInt8(ascii: "\"") else { return text }
        var result: [UInt8] = []
        var index = 1
        while index < text.count - 1 {
            guard text[index] == UInt8(ascii: "\\"), index + 1 < text.count - 1 else {
                result.append(text[index])
                index += 1
                continue
            }
            let digits = text[(index + 1)..<(text.count - 1)].prefix(3)
            if digits.count == 3, digits.allSatisfy({ (0x30...0x37).contains($0) }) {
                result.append(UInt8(truncatingIfNeeded: digits.reduce(0) { $0 * 8 + Int($1 - 0x30) }))
                index += 4
                continue
            }
            let letter = text[index + 1]
            let named: [UInt8: UInt8] = [
                UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "t"): 9, UInt8(ascii: "n"): 10, UInt8(ascii: "v"): 11,
                UInt8(ascii: "f"): 12, UInt8(ascii: "r"): 13,
            ]
            result.append(named[letter] ?? letter)
            index += 2
        }
        return result
    }

    /// `-12,3 +14,5 @@ heading`, and then as many lines as it says.
    private mutating func hunk(_ text: Range<Int>, _ whole: Range<Int>) {
        var numbers = text.lowerBound
        guard let old = span(UInt8(ascii: "-"), &numbers, text.upperBound),
            let new = span(UInt8(ascii: "+"), &numbers, text.upperBound),
            diff.source[numbers..<min(numbers + 2, text.upperBound)].elementsEqual("@@".utf8)
        else { return remark(whole) }
        var hunk = Hunk(oldStart: old.start, newStart: new.start, heading: min(numbers + 3, text.upperBound)..<text.upperBound)
        var (oldLeft, newLeft) = (old.count, new.count)
        var (oldNumber, newNumber) = (old.start, new.start)
        while position < diff.source.count {
            let sign = diff.source[position]
            if sign == UInt8(ascii: "\\"), !hunk.lines.isEmpty {
                _ = next()
                hunk.lines[hunk.lines.count - 1].hasNoEnd = true
                continue
            }
            let kind: Line.Kind
            switch sign {
            case UInt8(ascii: " ") where oldLeft > 0 && newLeft > 0: kind = .context
            case UInt8(ascii: "+") where newLeft > 0: kind = .added
            case UInt8(ascii: "-") where oldLeft > 0: kind = .removed
            default:
                file?.hunks.append(hunk)
                return
            }
            guard let line = next() else { break }
            hunk.lines.append(Line(kind: kind, text: line.lowerBound + 1..<line.upperBound, old: oldNumber, new: newNumber))
            if kind != .added { (oldLeft, oldNumber) = (oldLeft - 1, oldNumber + 1) }
            if kind != .removed { (newLeft, newNumber) = (newLeft - 1, newNumber + 1) }
        }
        file?.hunks.append(hunk)
    }

    /// `-12,3 `, where one line is `-12 `.
    private func span(_ sign: UInt8, _ index: inout Int, _ end: Int) -> (start: Int, count: Int)? {
        guard index < end, diff.source[index] == sign else { return nil }
        index += 1
        guard let start = number(&index, end) else { return nil }
        var count = 1
        if index < end, diff.source[index] == UInt8(ascii: ",") {
            index += 1
            guard let value = number(&index, end) else { return nil }
            count = value
        }
        guard index < end, diff.source[index] == UInt8(ascii: " ") else { return nil }
        index += 1
        return (start, count)
    }

    private func number(_ index: inout Int, _ end: Int) -> Int? {
        var value = 0
        let start = index
        while index < end, (0x30...0x39).contains(diff.source[index]) {
            value = value * 10 + Int(diff.source[index] - 0x30)
            index += 1
            // More lines than any file has: no number of git's.
            guard value < 1 << 40 else { return nil }
        }
        return index > start ? value : nil
    }
}

extension Diff {
    /// - Parameter text: a unified diff, whatever is in it.
    package init(reading text: [UInt8]) { self = DiffReader.read(text) }
}
