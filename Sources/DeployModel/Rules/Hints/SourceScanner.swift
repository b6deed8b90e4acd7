/// A program's text as hints see it: words, the insides of strings, and single other characters; comments are left out.
///
/// No parser: it need not know a language's grammar, only where its strings and comments end. What it takes for code though it is none can
/// cost a question to a human; it never takes longer than one pass over the bytes, whatever they are.
struct SourceScanner {
    enum Token: Equatable {
        /// Letters, digits, `_`, `$` and every byte beyond ASCII.
        case word(String)
        /// What is between quotes on this line, in small letters unless case is kept.
        case text(String)
        case other(UInt8)
    }

    /// Where strings and comments begin and end.
    struct Syntax {
        /// `#` begins a comment, else `//` does, and `/*` one that ends with `*/`.
        var hashComments = false
        var singleQuotes = true
        /// `"""` and `'''` hold several lines.
        var tripleQuotes = false
        /// Backquotes do.
        var backquotes = false
    }

    private enum State {
        case code
        case comment
        /// In a string of several lines that these bytes end.
        case string([UInt8])
    }

    private let syntax: Syntax
    private let keepsCase: Bool
    private var state = State.code

    init(_ syntax: Syntax, keepingCase: Bool = false) {
        self.syntax = syntax
        keepsCase = keepingCase
    }

    /// The tokens of the next line.
    mutating func tokens(of line: ArraySlice<UInt8>) -> [Token] {
        var tokens: [Token] = []
        var rest = line
        while !rest.isEmpty {
            switch state {
            case .comment:
                guard let end = Self.index(of: Array("*/".utf8), in: rest) else { return tokens }
                rest = rest[(end + 2)...]
                state = .code
            case .string(let quote):
                let end = Self.index(of: quote, in: rest)
                tokens.append(.text(text(rest[..<(end ?? rest.endIndex)])))
                guard let end else { return tokens }
                rest = rest[(end + quote.count)...]
                state = .code
            case .code: takeCode(&rest, &tokens)
            }
        }
        return tokens
    }

    private mutating func takeCode(_ rest: inout ArraySlice<UInt8>, _ tokens: inout [Token]) {
        guard let byte = rest.first else { return }
        if Self.isWord(byte) {
            let word = rest.prefix(while: Self.isWord)
            tokens.append(.word(String(decoding: word, as: UTF8.self)))
            rest = rest[word.endIndex...]
            return
        }
        switch byte {
        case UInt8(ascii: "#") where syntax.hashComments:
            rest = rest[rest.endIndex...]
        case UInt8(ascii: "/") where !syntax.hashComments && rest.starts(with: "//".utf8):
            rest = rest[rest.endIndex...]
        case UInt8(ascii: "/") where !syntax.hashComments && rest.starts(with: "/*".utf8):
            state = .comment
            rest = rest.dropFirst(2)
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
            takeQuote(byte, &rest, &tokens)
        default:
            if byte > 0x20 { tokens.append(.other(byte)) }
            rest = rest.dropFirst()
        }
    }

    private mutating func takeQuote(_ quote: UInt8, _ rest: inout ArraySlice<UInt8>, _ tokens: inout [Token]) {
        let triple = [quote, quote, quote]
        if syntax.tripleQuotes, quote != UInt8(ascii: "`"), rest.starts(with: triple) {
            state = .string(triple)
            rest = rest.dropFirst(3)
            return
        }
        if quote == UInt8(ascii: "`") {
            rest = rest.dropFirst()
            if syntax.backquotes { state = .string([quote]) }
            return
        }
        guard quote != UInt8(ascii: "'") || syntax.singleQuotes else {
            rest = rest.dropFirst()
            return
        }
        rest = rest.dropFirst()
        var content: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == quote { break }
            if byte == UInt8(ascii: "\\"), let next = rest.popFirst() {
                content += [byte, next]
            } else {
                content.append(byte)
            }
        }
        tokens.append(.text(text(content[...])))
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
            true
        default: false
        }
    }

    private func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: keepsCase ? Array(bytes) : bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    private static func index(of needle: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= needle.count else { return nil }
        return (bytes.startIndex...(bytes.endIndex - needle.count)).first { bytes[$0...].starts(with: needle) }
    }
}
