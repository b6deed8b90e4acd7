extension HintRules {
    enum Language { case python, javaScript, go, rust, swift, c, other }

    private static let dot = SourceScanner.Token.other(UInt8(ascii: "."))
    private static let equals = SourceScanner.Token.other(UInt8(ascii: "="))
    private static let open = SourceScanner.Token.other(UInt8(ascii: "("))
    private static let comma = SourceScanner.Token.other(UInt8(ascii: ","))
    private static let close = SourceScanner.Token.other(UInt8(ascii: ")"))
    private static let bracket = SourceScanner.Token.other(UInt8(ascii: "["))
    private static let closeBracket = SourceScanner.Token.other(UInt8(ascii: "]"))
    private static let backslash = SourceScanner.Token.other(UInt8(ascii: "\\"))

    /// Objects of JavaScript's that everybody has.
    private static let globals: Set<String> = [
        "Object", "Array", "Function", "Promise", "Reflect", "JSON", "Math", "String", "Number", "RegExp", "Map", "Set", "Symbol",
        "Error",
        "Date", "console", "process", "globalThis", "global",
    ]

    /// What is written so that neither the other rules nor a reader find it, and what changes the library for whoever uses it later.
    func evasions(_ tokens: [SourceScanner.Token], _ library: LibraryNames) -> Set<Hint.Kind> {
        var kinds: Set<Hint.Kind> = []
        if Self.isPutTogether(tokens) { kinds.insert(.hidden) }
        guard language == .python || language == .javaScript else { return kinds }
        for (index, token) in tokens.enumerated() {
            guard case .word(let word) = token else { continue }
            let rest = tokens[(index + 1)...]
            let isMember = index > 0 && tokens[index - 1] == Self.dot
            let isModule = !isMember && (library.modules.contains(word) || language == .javaScript && Self.globals.contains(word))
            if isModule || !isMember && library.classes.contains(word), Self.isSet(rest) { kinds.insert(.interpreter) }
            if isModule, Self.isAnotherName(tokens, index) { kinds.insert(.interpreter) }
            if library.isWhole(word) || language == .javaScript && Self.handed.contains(word), Self.isHandedOn(tokens, index) {
                kinds.insert(.interpreter)
            }
            if language == .python {
                if Self.hasOtherLetters(word) { kinds.insert(.hidden) }
                kinds.formUnion(ofPython(word, rest, isModule, library))
            } else {
                kinds.formUnion(ofJavaScript(word, rest, isModule))
                if isMember { kinds.formUnion(ofMember(word, tokens[..<(index - 1)], rest)) }
            }
        }
        if language == .javaScript { kinds.formUnion(takenFromProcess(tokens)) }
        return kinds
    }

    /// What changes who gets it: `f(process)`.
    private static let handed: Set<String> = ["process", "globalThis", "global", "Reflect", "JSON"]

    /// `f(module)`, `[module]`, `(module).…`: what is done to it is done under another name, and no line says what.
    private static func isHandedOn(_ tokens: [SourceScanner.Token], _ index: Int) -> Bool {
        guard index > 0, tokens.first != .word("import"), tokens.first != .word("from"), index < 2 || tokens[index - 1] != dot
        else {
            return false
        }
        // What is asked of it by a name that is said is for another rule.
        if index > 1, [.word("hasattr"), .word("getattr"), .word("setattr"), .word("delattr")].contains(tokens[index - 2]) {
            return false
        }
        // `const { join } = path`
        if index > 1, tokens[index - 1] == equals, tokens[index - 2] == .other(UInt8(ascii: "}")) { return false }
        let begins: Bool
        switch tokens[index - 1] {
        case .other(let byte): begins = "([{,=:*".utf8.contains(byte)
        case .word(let word): begins = ["in", "return", "yield", "or", "and", "else"].contains(word)
        case .text: begins = false
        }
        guard begins else { return false }
        switch tokens.dropFirst(index + 1).first {
        case nil, .word("for"), .word("if"): return true
        case .other(let byte): return ")]},;:".utf8.contains(byte)
        default: return false
        }
    }

    /// `module.name = …`, at any depth.
    private static func isSet(_ rest: ArraySlice<SourceScanner.Token>) -> Bool {
        var rest = rest
        var names: [String] = []
        while rest.first == dot, case .word(let name)? = rest.dropFirst().first {
            names.append(name)
            rest = rest.dropFirst(2)
        }
        guard !names.isEmpty, names.first != "env", rest.first == equals else { return false }
        let next = rest.dropFirst().first
        return next != equals && next != .other(UInt8(ascii: ">"))
    }

    /// `name = module`, and nothing else: what is done to it is done under that name.
    private static func isAnotherName(_ tokens: [SourceScanner.Token], _ index: Int) -> Bool {
        guard index > 1, tokens[index - 1] == equals, case .word = tokens[index - 2] else { return false }
        return tokens[(index + 1)...].allSatisfy { $0 == .other(UInt8(ascii: ";")) }
    }

    private func ofPython(
        _ word: String, _ rest: ArraySlice<SourceScanner.Token>, _ isModule: Bool, _ library: LibraryNames
    ) -> Set<Hint.Kind> {
        if isModule || library.classes.contains(word), rest.first == Self.dot, case .word(let member)? = rest.dropFirst().first,
            ["__dict__", "__setattr__", "__delattr__", "__getattribute__"].contains(member)
        {
            return [.interpreter]
        }
        // `field(compare=False)`
        if word == "compare", rest.starts(with: [Self.equals, .word("False")]) { return [.equality] }
        guard rest.first == Self.open else { return [] }
        let arguments = rest.dropFirst()
        if word == "import_module" || word == "reload" {
            if Self.isSet(arguments.prefix(8).drop { $0 != Self.close }.dropFirst()) { return [.interpreter] }
        }
        if word == "import_module" {
            guard case .text(let name)? = arguments.first, [Self.close, Self.comma].contains(arguments.dropFirst().first) else {
                return [.evaluation]
            }
            return name.split(separator: ".").first.flatMap { imports[String($0)] }.map { [$0] } ?? []
        }
        guard case .word(let object)? = arguments.first,
            arguments.dropFirst().first == Self.comma || word == "vars" || word == "dir"
        else { return [] }
        let isLibrary = library.modules.contains(object)
        switch word {
        case "setattr", "delattr": return isLibrary || library.classes.contains(object) ? [.interpreter] : []
        case "vars", "dir": return isLibrary ? [.interpreter] : []
        case "getattr":
            let name = arguments.dropFirst(2)
            guard case .text(let text)? = name.first, [Self.close, Self.comma].contains(name.dropFirst().first) else {
                return isLibrary ? [.interpreter] : []
            }
            return words.first { $0.key.lowercased() == text }.map { [$0.value] } ?? []
        default: return []
        }
    }

    private func ofJavaScript(_ word: String, _ rest: ArraySlice<SourceScanner.Token>, _ isModule: Bool) -> Set<Hint.Kind> {
        if ["process", "globalThis", "global", "Reflect"].contains(word), isModule, rest.first == Self.bracket {
            return [.interpreter]
        }
        guard rest.first == Self.open else { return [] }
        let argument = rest.dropFirst().first
        if word == "require" || word == "import" {
            guard case .text? = argument, [Self.close, Self.comma].contains(rest.dropFirst(2).first) else { return [.evaluation] }
            // `require("fs").readFile = …`
            return Self.isSet(rest.dropFirst(3)) ? [.interpreter] : []
        }
        if word == "defineProperty" || word == "defineProperties", case .word(let object)? = argument, Self.globals.contains(object)
        {
            return [.interpreter]
        }
        return []
    }

    /// `f.caller`, `(() => {}).constructor("…")`
    private func ofMember(
        _ word: String, _ before: ArraySlice<SourceScanner.Token>, _ rest: ArraySlice<SourceScanner.Token>
    ) -> Set<Hint.Kind> {
        if word == "caller" || word == "callee" { return [.interpreter] }
        guard word == "constructor", rest.first == Self.open, before.last != .word("this"), before.last != .word("super") else {
            return []
        }
        let isOfFunction = before.last == Self.close || before.last == Self.closeBracket || before.last == .word("constructor")
        if case .text? = rest.dropFirst().first { return [.evaluation] }
        return isOfFunction ? [.evaluation] : []
    }

    /// `const { exit } = process`, `import { exit } from "process"`
    private func takenFromProcess(_ tokens: [SourceScanner.Token]) -> Set<Hint.Kind> {
        guard let begin = tokens.firstIndex(of: .other(UInt8(ascii: "{"))),
            let end = tokens.lastIndex(of: .other(UInt8(ascii: "}"))),
            begin < end
        else { return [] }
        let isProcess = tokens[end...].contains { [.word("process"), .text("process"), .text("node:process")].contains($0) }
        guard isProcess else { return [] }
        return Set(tokens[begin..<end].compactMap { if case .word(let word) = $0 { names["process.\(word)"] } else { nil } })
    }

    /// Letters that Python takes for others: `𝐞xit`.
    private static func hasOtherLetters(_ word: String) -> Bool {
        word.unicodeScalars.contains { scalar in
            switch scalar.value {
            case 0xAA, 0xBA, 0x17F, 0x2B0...0x2B8, 0x2E0...0x2E4, 0x1D2C...0x1D6A, 0x2070...0x209F, 0x2100...0x214F,
                0xFB00...0xFB06,
                0xFF00...0xFFEF, 0x1D400...0x1D7FF:
                true
            default: false
            }
        }
    }

    // Texts that are put together of literals.

    private static func isPutTogether(_ tokens: [SourceScanner.Token]) -> Bool {
        for (index, token) in tokens.enumerated() {
            let rest = tokens[(index + 1)...]
            switch token {
            case .text(let text):
                if spellsLetters(text) { return true }
                // "__%s__" % "eq"
                if ["__%", "__{", "}__", "%s__"].contains(where: text.contains) { return true }
                // "_ex" + "it"; "_ex" "it"
                let next = rest.first == .other(UInt8(ascii: "+")) ? rest.dropFirst().first : rest.first
                if case .text(let other)? = next, isPiece(text), isPiece(other) { return true }
                // "tixe_"[::-1]
                if isPiece(text), rest.starts(with: [bracket] + Array(repeating: .other(UInt8(ascii: ":")), count: 2)) {
                    return true
                }
                // "".join(["_ex", "it"])
                if text.isEmpty, rest.starts(with: [dot, .word("join"), open]), holdsPieces(rest.dropFirst(4).prefix(nearby)) {
                    return true
                }
            case .other(UInt8(ascii: "]")):
                // ["as", "sert"].join("")
                if rest.starts(with: [dot, .word("join"), open, .text("")]), holdsPieces(tokens[..<index].suffix(nearby)) {
                    return true
                }
            case .word(let word):
                // `ex\u0069t`, a name; in a pattern nobody writes a letter so.
                if word.first == "u", index > 1, tokens[index - 1] == backslash, isNamed(tokens[index - 2]),
                    spellsLetters("\\" + word)
                {
                    return true
                }
                guard let argument = rest.dropFirst().first, rest.first == open else { continue }
                if ["chr", "fromCharCode", "fromCodePoint"].contains(word), case .word(let number) = argument,
                    number.first?.isNumber == true
                {
                    return true
                }
                let decoders: Set<String> = [
                    "b64decode", "b32decode", "b16decode", "a85decode", "b85decode", "fromhex", "unhexlify", "atob", "rot13",
                ]
                let bytes = argument == .word("b") ? rest.dropFirst(2).first : argument
                if decoders.contains(word), case .text? = bytes { return true }
            default: continue
            }
        }
        return false
    }

    private static func isNamed(_ token: SourceScanner.Token) -> Bool {
        if case .word = token { true } else { token == dot }
    }

    /// How many tokens are looked at around one: who writes longer lines cannot make the look longer.
    private static let nearby = 64

    /// Whether two short words stand beside each other, with nothing but a comma between them.
    private static func holdsPieces(_ tokens: ArraySlice<SourceScanner.Token>) -> Bool {
        tokens.indices.contains { index in
            guard case .text(let one) = tokens[index], tokens[(index + 1)...].first == comma,
                case .text(let other)? = tokens[(index + 1)...].dropFirst().first
            else { return false }
            return isPiece(one) && isPiece(other)
        }
    }

    /// A short word, or a part of one: no sentence, no path.
    private static func isPiece(_ text: String) -> Bool {
        text.utf8.count <= 20 && text.contains(where: \.isLetter)
            && text.utf8.allSatisfy {
                ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
            }
    }

    /// Whether letters are written by their numbers: `\x5fexit`, `\u0065`.
    private static func spellsLetters(_ text: String) -> Bool {
        var letters = 0
        for escape in ["\\x", "\\u00", "\\u{"] {
            for piece in text.split(separator: escape, omittingEmptySubsequences: false).dropFirst() {
                guard let value = UInt8(piece.prefix(2), radix: 16) else { continue }
                guard (value | 0x20) >= 0x61 && (value | 0x20) <= 0x7A || value == UInt8(ascii: "_") else { return false }
                letters += 1
            }
        }
        return letters > 0
    }
}
