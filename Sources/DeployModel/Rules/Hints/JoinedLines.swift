/// What of the lines before belongs to the next one: a name, a call or a list of names may be parted by lines' ends.
struct JoinedLines {
    struct Beginning {
        var tokens: [SourceScanner.Token] = []
        var isNew = false
        /// Whether it is a list's, of which no line says anything by itself.
        var isList = false
    }

    private var last = Beginning()
    private var list: Beginning?

    /// How many tokens of a line are kept for the next, and of a list.
    private static let longest = (line: 12, list: 400)

    /// - Returns: what stands before `own`.
    mutating func beginning(of own: [SourceScanner.Token], isNew: Bool) -> Beginning {
        guard !own.isEmpty else { return Beginning() }
        var beginning = Beginning()
        if var begun = list {
            begun.tokens += own
            begun.isNew = begun.isNew || isNew
            if Self.closesList(own) {
                beginning = begun
                beginning.tokens.removeLast(own.count)
                list = nil
            } else {
                list = begun.tokens.count > Self.longest.list ? nil : begun
            }
        } else if Self.opensList(own) {
            list = Beginning(tokens: own, isNew: isNew, isList: true)
        } else if Self.goesOn(last.tokens, own) {
            beginning = last
            beginning.tokens.removeAll { $0 == .other(UInt8(ascii: "\\")) }
        }
        last = Beginning(tokens: Array((beginning.tokens + own).suffix(Self.longest.line)), isNew: isNew || beginning.isNew)
        return beginning
    }

    /// Whether a line goes on with a name, or a call, of the one before.
    private static func goesOn(_ before: [SourceScanner.Token], _ tokens: [SourceScanner.Token]) -> Bool {
        guard let last = before.last, let first = tokens.first else { return false }
        switch last {
        case .other(let byte) where "\\.".utf8.contains(byte): return true
        case .other(UInt8(ascii: ":")) where before.dropLast().last == last: return true
        case .word(let word) where ["def", "fn", "func", "fun", "function", "import", "from", "macro_rules"].contains(word):
            return true
        default: break
        }
        switch first {
        case .other(let byte) where ".=(".utf8.contains(byte): return true
        case .other(UInt8(ascii: "?")), .other(UInt8(ascii: ":")), .other(UInt8(ascii: "-")):
            let second = tokens.dropFirst().first
            return [.other(UInt8(ascii: ".")), .other(UInt8(ascii: ":")), .other(UInt8(ascii: ">"))].contains(second)
        case .other(UInt8(ascii: "[")):
            return [.word("process"), .word("globalThis"), .word("global"), .word("Reflect")].contains(last)
        default: return false
        }
    }

    /// `from x import (`, `import {`, `const {`
    private static func opensList(_ tokens: [SourceScanner.Token]) -> Bool {
        guard case .word(let first)? = tokens.first, !closesList(tokens) else { return false }
        switch first {
        case "from": return tokens.contains(.other(UInt8(ascii: "(")))
        case "import", "const", "let", "var": return tokens.prefix(4).contains(.other(UInt8(ascii: "{")))
        default: return false
        }
    }

    private static func closesList(_ tokens: [SourceScanner.Token]) -> Bool {
        tokens.contains { [.other(UInt8(ascii: ")")), .other(UInt8(ascii: "}"))].contains($0) }
    }
}
