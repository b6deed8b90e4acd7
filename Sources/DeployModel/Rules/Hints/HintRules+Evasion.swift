/// What a file calls the modules and classes of its language's library: what is set on them, or looked up in them by a name that is put
/// together, is set and looked up for the tests, too.
struct LibraryNames {
    private(set) var modules: Set<String> = []
    private(set) var classes: Set<String> = []

    /// - Parameter tokens: of each line of the file, in order.
    mutating func take(_ tokens: [SourceScanner.Token], _ language: HintRules.Language) {
        switch language {
        case .python: takePython(tokens)
        case .javaScript: takeJavaScript(tokens)
        case .other: break
        }
    }

    private mutating func takePython(_ tokens: [SourceScanner.Token]) {
        // `from pathlib import Path as P`, `import os.path as p, sys`
        guard case .word(let first)? = tokens.first, first == "import" || first == "from" else { return }
        let isFrom = first == "from"
        if isFrom {
            guard case .word(let module)? = tokens.dropFirst().first, ModuleNames.python.contains(module) else { return }
        }
        let rest = isFrom ? tokens.drop { $0 != .word("import") }.dropFirst() : tokens.dropFirst()
        for part in rest.split(separator: .other(UInt8(ascii: ","))) {
            let words = part.compactMap { if case .word(let word) = $0 { word } else { nil } }
            guard let module = words.first, let bound = words.contains("as") ? words.last : module else { continue }
            if isFrom {
                // A function of the library has nothing to be set on, and an object (`request`) is there for that.
                if ModuleNames.python.contains(module) {
                    modules.insert(bound)
                } else if module.first?.isUppercase == true {
                    classes.insert(bound)
                }
            } else if ModuleNames.python.contains(module) {
                modules.insert(bound)
            }
        }
    }

    private static let ofNode: Set<String> = [
        "assert", "assert/strict", "buffer", "crypto", "events", "fs", "fs/promises", "http", "module", "os", "path", "perf_hooks",
        "process",
        "readline", "stream", "test", "timers", "timers/promises", "url", "util", "v8", "vm", "worker_threads",
    ]

    private mutating func takeJavaScript(_ tokens: [SourceScanner.Token]) {
        guard tokens.contains(where: { $0 == .word("require") || $0 == .word("import") }) else { return }
        let isLibrary = tokens.contains {
            guard case .text(let text) = $0 else { return false }
            return Self.ofNode.contains(text.hasPrefix("node:") ? String(text.dropFirst(5)) : text)
        }
        guard isLibrary else { return }
        let keywords: Set<String> = ["const", "let", "var", "import", "as", "from", "require", "type"]
        for case .word(let word) in tokens where !keywords.contains(word) { modules.insert(word) }
    }
}

extension HintRules {
    enum Language { case python, javaScript, other }

    private static let dot = SourceScanner.Token.other(UInt8(ascii: "."))
    private static let equals = SourceScanner.Token.other(UInt8(ascii: "="))
    private static let open = SourceScanner.Token.other(UInt8(ascii: "("))
    private static let comma = SourceScanner.Token.other(UInt8(ascii: ","))
    private static let close = SourceScanner.Token.other(UInt8(ascii: ")"))
    private static let bracket = SourceScanner.Token.other(UInt8(ascii: "["))

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
        guard language != .other else { return kinds }
        for (index, token) in tokens.enumerated() {
            guard case .word(let word) = token else { continue }
            let rest = tokens[(index + 1)...]
            let isMember = index > 0 && tokens[index - 1] == Self.dot
            let isModule = !isMember && (library.modules.contains(word) || language == .javaScript && Self.globals.contains(word))
            if isModule || !isMember && library.classes.contains(word), Self.isSet(rest) { kinds.insert(.interpreter) }
            if isModule, Self.isAnotherName(tokens, index) { kinds.insert(.interpreter) }
            switch language {
            case .python: kinds.formUnion(ofPython(word, rest, isModule, library))
            case .javaScript: kinds.formUnion(ofJavaScript(word, rest, isModule))
            case .other: break
            }
        }
        return kinds
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
        if isModule, rest.starts(with: [Self.dot, .word("__dict__")]) { return [.interpreter] }
        guard rest.first == Self.open else { return [] }
        let arguments = rest.dropFirst()
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
            if case .text? = argument, [Self.close, Self.comma].contains(rest.dropFirst(2).first) { return [] }
            return [.evaluation]
        }
        if word == "defineProperty" || word == "defineProperties", case .word(let object)? = argument, Self.globals.contains(object)
        {
            return [.interpreter]
        }
        return []
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
                if text.isEmpty, rest.starts(with: [dot, .word("join"), open]), holdsPieces(rest.dropFirst(4)) { return true }
            case .other(UInt8(ascii: "]")):
                // ["as", "sert"].join("")
                if rest.starts(with: [dot, .word("join"), open, .text("")]), holdsPieces(tokens[..<index]) { return true }
            case .word(let word):
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
