/// How a line is read.
extension HintRules {
    /// What a line's tokens say.
    func all(_ tokens: [SourceScanner.Token], _ library: LibraryNames) -> Set<Hint.Kind> {
        kinds(of: tokens, library).union(evasions(tokens, library))
    }

    private func kinds(of tokens: [SourceScanner.Token], _ library: LibraryNames) -> Set<Hint.Kind> {
        var kinds: Set<Hint.Kind> = []
        var chain: [String] = []
        var importing = false
        for (index, token) in tokens.enumerated() {
            switch token {
            case .text(let text):
                chain = []
                for fragment in fragments where text.contains(fragment.text) { kinds.insert(fragment.kind) }
                if let kind = imports[text], namesModule(tokens, before: index) { kinds.insert(kind) }
                if text == "/proc" || text == "/proc/" { kinds.insert(.interpreter) }
                // A name of the interpreter's that is looked up by its text.
                if language == .python, text.contains("_"), let kind = words[text] { kinds.insert(kind) }
            case .other(let byte):
                // `.`, `::` and `->` lead on; everything else ends the name.
                if byte != UInt8(ascii: "."), byte != UInt8(ascii: ":"), byte != UInt8(ascii: "-"), byte != UInt8(ascii: ">") {
                    chain = []
                }
                if byte == UInt8(ascii: ";") { importing = false }
            case .word(let word):
                let joined = index > 0 && Self.joins(tokens, before: index)
                if !joined { chain = [] }
                chain.append(chain.isEmpty ? library.aliases[word] ?? word : word)
                if let kind = words[word] { kinds.insert(kind) }
                for start in chain.indices.suffix(4) where chain.count - start > 1 {
                    if let kind = names[chain[start...].joined(separator: ".")] { kinds.insert(kind) }
                }
                if !joined, let kind = calls[word], tokens.dropFirst(index + 1).first == .other(UInt8(ascii: "(")),
                    !Self.defines(tokens, before: index)
                {
                    kinds.insert(kind)
                }
                if ["import", "from", "use", "require"].contains(word) {
                    importing = true
                } else if importing, chain.count == 1, let kind = imports[word] {
                    kinds.insert(kind)
                }
                // `from sys import modules` is `sys.modules`.
                if importing, tokens.first == .word("from"), case .word(let module)? = tokens.dropFirst().first,
                    let kind = names["\(module).\(word)"]
                {
                    kinds.insert(kind)
                }
            }
        }
        return kinds
    }

    /// Whether a class says there what is equal: a function of such a name, or that name as a text or on its own.
    func saysEquality(_ tokens: [SourceScanner.Token]) -> Bool {
        guard !ownEquality.isEmpty else { return false }
        if language == .python {
            return tokens.contains {
                switch $0 {
                case .word(let name), .text(let name): ownEquality.contains(name)
                case .other: false
                }
            }
        }
        return begins(ownEquality, tokens)
    }

    /// Whether the line begins a function that compares.
    func beginsComparison(_ tokens: [SourceScanner.Token]) -> Bool { begins(equality, tokens) }

    private func begins(_ equality: Set<String>, _ tokens: [SourceScanner.Token]) -> Bool {
        guard !equality.isEmpty,
            let keyword = tokens.firstIndex(where: {
                guard case .word(let word) = $0 else { return false }
                return ["def", "fn", "func", "fun", "function", "boolean", "bool", "operator", "Boolean"].contains(word)
            })
        else { return false }
        let rest = tokens[(keyword + 1)...]
        for sign in ["==", "!="] where equality.contains(sign) {
            if rest.starts(with: sign.utf8.map { .other($0) }) { return true }
        }
        return rest.contains { if case .word(let word) = $0 { equality.contains(word) } else { false } }
    }

    /// What a comparing function calls what it compares with; nil where it need not heed that.
    func operand(of tokens: [SourceScanner.Token]) -> String? {
        guard tokens.contains(where: { if case .word(let word) = $0 { heedful.contains(word) } else { false } }),
            let comma = tokens.firstIndex(of: .other(UInt8(ascii: ","))), case .word(let name)? = tokens.dropFirst(comma + 1).first
        else { return nil }
        return name
    }

    /// Whether a comparing function answers without a look at what it compares with.
    func isDeaf(_ body: [SourceScanner.Token], to operand: String?) -> Bool {
        if isConstant(body) { return true }
        guard let operand, body.first == .word("return") else { return false }
        return !body.contains(.word(operand))
    }

    /// Neither a text that explains a function nor the bracket before its body.
    static func isStatement(_ token: SourceScanner.Token) -> Bool {
        if case .text = token { false } else { token != .other(UInt8(ascii: "{")) }
    }

    /// What follows a function's head on the same line.
    func body(of tokens: [SourceScanner.Token]) -> [SourceScanner.Token] {
        guard let start = tokens.lastIndex(where: { $0 == .other(UInt8(ascii: "{")) || $0 == .other(UInt8(ascii: ":")) }) else {
            return []
        }
        return Array(tokens[(start + 1)...])
    }

    /// Whether nothing but a truth value is there: `return True`, `{ true }`.
    func isConstant(_ tokens: [SourceScanner.Token]) -> Bool {
        let words: [String] = tokens.compactMap { if case .word(let word) = $0, word != "return" { word } else { nil } }
        let rest = tokens.contains { if case .other(let byte) = $0 { !"{};!".utf8.contains(byte) } else { false } }
        return !rest && words.count == 1 && ["true", "True", "false", "False", "1", "0"].contains(words[0])
    }

    private static func joins(_ tokens: [SourceScanner.Token], before index: Int) -> Bool {
        guard case .other(let byte) = tokens[index - 1] else { return false }
        if byte == UInt8(ascii: ".") { return true }
        guard index > 1, case .other(let before) = tokens[index - 2] else { return false }
        return byte == UInt8(ascii: ":") && before == byte || byte == UInt8(ascii: ">") && before == UInt8(ascii: "-")
    }

    /// `def exit(`: the program's own.
    private static func defines(_ tokens: [SourceScanner.Token], before index: Int) -> Bool {
        guard index > 0, case .word(let word) = tokens[index - 1] else { return false }
        return ["def", "func", "fn", "fun", "function", "void", "int"].contains(word)
    }

    /// `from "x"`, `require("x")`, `import x "x"`, and a line of Go's list of imports, which is nothing else.
    private func namesModule(_ tokens: [SourceScanner.Token], before index: Int) -> Bool {
        if tokens.count <= 2, case .text? = tokens.last { return true }
        return tokens[..<index].suffix(3).contains {
            if case .word(let word) = $0 {
                ["import", "from", "require", "require_relative", "extern"].contains(word)
            } else {
                false
            }
        }
    }

    /// `raise SystemExit`, `sys.exit()`, `sys.exit(main())`; not `sys.exit("why")` and `sys.exit(2)`.
    func endsWell(_ tokens: [SourceScanner.Token], _ library: LibraryNames) -> Bool {
        guard language == .python else { return false }
        return tokens.indices.contains { index in
            guard case .word(let word) = tokens[index] else { return false }
            let isExit: Bool
            if word == "exit", index > 1, tokens[index - 1] == .other(UInt8(ascii: ".")), case .word(let module) = tokens[index - 2]
            {
                isExit = (library.aliases[module] ?? module) == "sys"
            } else {
                isExit = word == "SystemExit"
            }
            guard isExit else { return false }
            guard tokens.dropFirst(index + 1).first == .other(UInt8(ascii: "(")) else { return true }
            switch tokens.dropFirst(index + 2).first {
            case .text?: return false
            case .word(let code)?:
                if ["f", "r", "b", "rf", "fr", "u"].contains(code), case .text? = tokens.dropFirst(index + 3).first {
                    return false
                }
                return Int(code).map { $0 % 256 == 0 } ?? true
            default: return true
            }
        }
    }
}
