/// Which words of a line are what, told from that line alone: a colour for whoever reads, and never a claim.
///
/// Nothing is carried from line to line: whoever opens a comment or a text somewhere above would decide what the lines below it look like.
/// For the same reason a text that its line does not end is not coloured.
struct SyntaxColours: Sendable {
    enum Kind: Sendable {
        case keyword
        case text
        case comment
        case number
    }

    struct Word: Equatable, Sendable {
        var range: Range<Int>
        var kind: Kind
    }

    private enum Comments {
        case hash
        case slashes
        case none
    }

    private let comments: Comments
    private let keywords: Set<ArraySlice<UInt8>>

    /// nil for files of which nothing is known.
    /// - Parameter path: of the file; only the ending of its name counts.
    init?(path: [UInt8]) {
        let name = path[(path.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]
        let ending = name.lastIndex(of: UInt8(ascii: ".")).map { String(decoding: name[($0 + 1)...].prefix(16), as: UTF8.self) }
        switch ending ?? String(decoding: name.prefix(16), as: UTF8.self) {
        case "py", "pyi", "pth": (comments, keywords) = (.hash, Self.python)
        case "js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts": (comments, keywords) = (.slashes, Self.script)
        case "swift", "c", "h", "cc", "cpp", "hpp", "m", "rs", "go", "java", "kt", "cs":
            (comments, keywords) = (.slashes, Self.braces)
        case "sh", "bash", "zsh", "mk", "Makefile", "Dockerfile": (comments, keywords) = (.hash, Self.shell)
        case "yml", "yaml", "toml", "ini", "cfg", "conf", "env", "properties": (comments, keywords) = (.hash, Self.values)
        case "json", "jsonl": (comments, keywords) = (.none, Self.values)
        default: return nil
        }
    }

    /// In the order of the line, none of them over another.
    func words(of line: ArraySlice<UInt8>) -> [Word] {
        var words: [Word] = []
        var index = line.startIndex
        while index < line.endIndex {
            let byte = line[index]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
                guard let end = Self.end(ofTextAt: index, in: line) else { return words }
                words.append(Word(range: index..<end, kind: .text))
                index = end
            case UInt8(ascii: "#") where comments == .hash && startsComment(at: index, in: line),
                UInt8(ascii: "/") where comments == .slashes && line[index...].starts(with: [0x2F, 0x2F]):
                words.append(Word(range: index..<line.endIndex, kind: .comment))
                return words
            case _ where Self.isWord(byte):
                var end = index + 1
                while end < line.endIndex, Self.isWord(line[end]) { end += 1 }
                if (0x30...0x39).contains(byte) {
                    words.append(Word(range: index..<end, kind: .number))
                } else if end - index <= Self.longestKeyword, keywords.contains(line[index..<end]) {
                    words.append(Word(range: index..<end, kind: .keyword))
                }
                index = end
            default: index += 1
            }
        }
        return words
    }

    /// In a shell or a list of values it begins a word; what follows a letter or a brace is part of it (`$#`, `a#b`).
    private func startsComment(at index: Int, in line: ArraySlice<UInt8>) -> Bool {
        index == line.startIndex || keywords == Self.python || line[index - 1] == 0x20 || line[index - 1] == 0x09
    }

    /// Behind the quote that ends the text; nil where there is none on this line, or where it is one of three, which go over lines.
    private static func end(ofTextAt start: Int, in line: ArraySlice<UInt8>) -> Int? {
        let quote = line[start]
        if line[start...].starts(with: [quote, quote, quote]) { return nil }
        var index = start + 1
        while index < line.endIndex {
            if line[index] == UInt8(ascii: "\\") { index += 2; continue }
            if line[index] == quote { return index + 1 }
            index += 1
        }
        return nil
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        // All bytes of a character beyond ASCII, so that none is cut.
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x80...0xFF: true
        default: false
        }
    }

    private static let longestKeyword = 12

    private static func list(_ words: String) -> Set<ArraySlice<UInt8>> {
        Set(words.split(separator: " ").map { Array($0.utf8)[...] })
    }

    private static let python = list(
        "False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return try while with yield case"
    )
    private static let script = list(
        "async await break case catch class const continue debugger default delete do else enum export extends false finally for from function if implements import in instanceof interface let new null of return static super switch this throw true try type typeof undefined var void while with yield"
    )
    private static let braces = list(
        "actor as async await bool break case catch char class const continue default defer do double else enum extension extern false final float fn for func function goto guard if impl import in init inline int interface internal let long match mod move mut namespace new nil null override package private protected protocol pub public return self short signed sizeof static struct super switch template this throw throws trait true try type typedef union unsafe unsigned use using var virtual void where while"
    )
    private static let shell = list(
        "case do done elif else esac exec exit export fi for function if in local return set source then trap unset until while RUN FROM COPY ENV CMD ENTRYPOINT"
    )
    private static let values = list("true false null yes no on off")
}
