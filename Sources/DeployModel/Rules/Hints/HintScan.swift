/// Looks for hints in one changed file: pure, bounded by the file's size.
package enum HintScan {
    /// Code that is larger is not looked through, and that is said.
    package static let byteLimit = 1 << 20

    /// Whether its new lines are looked through: whether its language is known.
    package static func isCode(_ path: [UInt8], content: ArraySlice<UInt8>) -> Bool {
        HintRules.of(String(decoding: path, as: UTF8.self), firstLine: firstLine(content)) != nil
    }

    private static func firstLine(_ content: ArraySlice<UInt8>) -> String {
        String(decoding: content.prefix(200).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// What the file's place and first bytes say. For each file that is new or has new content.
    package static func hints(path: [UInt8], isNew: Bool, content: ArraySlice<UInt8>) -> [Hint] {
        let text = String(decoding: path, as: UTF8.self)
        var hints: [Hint] = []
        func add(_ kind: Hint.Kind) { hints.append(Hint(kind: kind, path: text)) }
        let names = text.split(separator: "/").map { $0.lowercased() }
        guard let name = names.last else { return [] }
        let suffix = name.contains(".") ? name.split(separator: ".").last.map(String.init) ?? "" : ""
        if ModuleNames.compiledSuffixes.contains(suffix) || ModuleNames.magic.contains(where: { content.starts(with: $0) }) {
            add(.compiled)
        }
        if names.contains(where: { name in ModuleNames.metadataSuffixes.contains { name.hasSuffix($0) } }) { add(.metadata) }
        if isNew {
            if ModuleNames.isShadowed(names) { add(.shadow) }
            if text.split(separator: "/").contains(where: mixesAlphabets) { add(.lookalike) }
        }
        return hints
    }

    /// What new lines of a program say.
    ///
    /// - Parameter old: what was there before; a line that stood anywhere in it is not new.
    package static func hints(path: [UInt8], old: ArraySlice<UInt8>, new: ArraySlice<UInt8>) -> [Hint] {
        let text = String(decoding: path, as: UTF8.self)
        let lines = new.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard let rules = HintRules.of(text, firstLine: firstLine(new)) else { return [] }
        var known: [ArraySlice<UInt8>: Int] = [:]
        for line in old.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            known[trimmed(line), default: 0] += 1
        }
        var scanner = SourceScanner(rules.syntax)
        var library = LibraryNames()
        var hints: [Hint] = []
        /// A comparing function whose body is to come.
        var comparing: (line: Int, isNew: Bool)?
        for (index, line) in lines.enumerated() {
            let tokens = scanner.tokens(of: line)
            let key = trimmed(line)
            let isNew = known[key, default: 0] == 0
            if !isNew { known[key, default: 0] -= 1 }
            library.take(tokens, rules.language)
            var kinds = isNew ? rules.kinds(of: tokens).union(rules.evasions(tokens, library)) : []
            // A directive that is a comment.
            if isNew, key.starts(with: "//go:linkname".utf8) { kinds.insert(.interpreter) }
            if isNew, rules.saysEquality(tokens) {
                kinds.insert(.equality)
            } else if rules.beginsComparison(tokens) {
                comparing = (index, isNew)
                if isNew, rules.isConstant(rules.body(of: tokens)) { kinds.insert(.equality) }
            } else if let begun = comparing, !tokens.isEmpty {
                if isNew || begun.isNew, rules.isConstant(tokens) { kinds.insert(.equality) }
                comparing = nil
            }
            for kind in kinds.sorted(by: { $0.rawValue < $1.rawValue }) {
                hints.append(
                    Hint(kind: kind, path: text, line: index + 1, text: String(decoding: key.prefix(400), as: UTF8.self)))
            }
        }
        return hints
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line
        while let first = line.first, first <= 0x20 { line = line.dropFirst() }
        while let last = line.last, last <= 0x20 { line = line.dropLast() }
        return line
    }

    /// Latin letters beside Greek or Cyrillic ones in one word (`tеsts` with a Cyrillic `е`), full-width ones, or what is not seen at all.
    private static func mixesAlphabets(_ name: Substring) -> Bool {
        let scalars = name.unicodeScalars
        if scalars.contains(where: { (0xFF00...0xFF5E).contains($0.value) || $0.properties.generalCategory == .format }) {
            return true
        }
        return scalars.split { !$0.properties.isAlphabetic }.contains { word in
            word.contains { $0.isASCII }
                && word.contains { (0x370...0x52F).contains($0.value) || (0x1F00...0x1FFF).contains($0.value) }
        }
    }
}

extension HintRules {
    /// What one line's tokens say.
    func kinds(of tokens: [SourceScanner.Token]) -> Set<Hint.Kind> {
        var kinds: Set<Hint.Kind> = []
        var chain: [String] = []
        var importing = false
        for (index, token) in tokens.enumerated() {
            switch token {
            case .text(let text):
                chain = []
                for fragment in fragments where text.contains(fragment.text) { kinds.insert(fragment.kind) }
                if let kind = imports[text], namesModule(tokens, before: index) { kinds.insert(kind) }
            case .other(let byte):
                // `.`, `::` and `->` lead on; everything else ends the name.
                if byte != UInt8(ascii: "."), byte != UInt8(ascii: ":"), byte != UInt8(ascii: "-"), byte != UInt8(ascii: ">") {
                    chain = []
                }
                if byte == UInt8(ascii: ";") { importing = false }
            case .word(let word):
                let joined = index > 0 && Self.joins(tokens, before: index)
                if !joined { chain = [] }
                chain.append(word)
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
        if equality.contains("=="), rest.starts(with: [.other(UInt8(ascii: "=")), .other(UInt8(ascii: "="))]) { return true }
        return rest.contains { if case .word(let word) = $0 { equality.contains(word) } else { false } }
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
}
