/// What a file calls the modules and classes of its language's library: what is set on them, or looked up in them by a name that is put
/// together, is set and looked up for the tests, too.
struct LibraryNames {
    private(set) var modules: Set<String> = []
    private(set) var classes: Set<String> = []
    /// What the file calls a module by another name: `import os as o`, `o "os"`, `use std::process as p`.
    private(set) var aliases: [String: String] = [:]
    private var wholes: Set<String> = []
    /// Names of `wholes` that are parameters or variables, too.
    private var others: Set<String> = []

    /// Whether a name is a module as a whole, and nothing else in the file.
    func isWhole(_ word: String) -> Bool { wholes.contains(word) && !others.contains(word) }

    /// - Parameter tokens: of each line of the file, in order.
    mutating func take(_ tokens: [SourceScanner.Token], _ language: HintRules.Language) {
        switch language {
        case .python: takePython(tokens)
        case .javaScript: takeJavaScript(tokens)
        case .go: takeGo(tokens)
        case .rust: takeRust(tokens)
        case .c, .swift, .other: break
        }
    }

    private mutating func takePython(_ tokens: [SourceScanner.Token]) {
        // `from pathlib import Path as P`, `import os.path as p, sys`
        guard case .word(let first)? = tokens.first, first == "import" || first == "from" else { return takeParameters(tokens) }
        let isFrom = first == "from"
        if isFrom {
            guard case .word(let module)? = tokens.dropFirst().first, ModuleNames.python.contains(module) else { return }
        }
        let rest = isFrom ? tokens.drop { $0 != .word("import") }.dropFirst() : tokens.dropFirst()
        for part in rest.prefix(while: { $0 != .other(UInt8(ascii: ";")) }).split(separator: .other(UInt8(ascii: ","))) {
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
                wholes.insert(bound)
                if bound != module { aliases[bound] = module }
            }
        }
    }

    /// `def f(time, json=None)`, `lambda time: …`, `for time in …`, `time = …`
    private mutating func takeParameters(_ tokens: [SourceScanner.Token]) {
        guard !wholes.isEmpty else { return }
        let isDefinition = tokens.prefix(2).contains(.word("def"))
        var isLambda = false
        for (index, token) in tokens.enumerated() {
            guard case .word(let word) = token else {
                if token == .other(UInt8(ascii: ":")) { isLambda = false }
                continue
            }
            if word == "lambda" { isLambda = true }
            guard wholes.contains(word) else { continue }
            let before = index > 0 ? tokens[index - 1] : nil
            let begins = [.other(UInt8(ascii: "(")), .other(UInt8(ascii: ",")), .other(UInt8(ascii: "*"))].contains(before)
            let isVariable =
                [.word("for"), .word("as"), .word("lambda")].contains(before)
                || before == nil && tokens.dropFirst().first == .other(UInt8(ascii: "="))
            if isVariable || isDefinition && begins || isLambda && before == .other(UInt8(ascii: ",")) { others.insert(word) }
        }
    }

    private static let ofNode: Set<String> = [
        "assert", "assert/strict", "buffer", "crypto", "events", "fs", "fs/promises", "http", "module", "os", "path", "perf_hooks",
        "process", "readline", "stream", "test", "timers", "timers/promises", "url", "util", "v8", "vm", "worker_threads",
    ]
    /// Modules that are classes or functions, and are handed on as such.
    private static let classesOfNode: Set<String> = ["events", "stream", "assert", "assert/strict", "test"]

    private mutating func takeJavaScript(_ tokens: [SourceScanner.Token]) {
        takeParametersOfFunctions(tokens)
        guard tokens.contains(where: { $0 == .word("require") || $0 == .word("import") }) else { return }
        let named = tokens.compactMap { token in
            if case .text(let text) = token { text.hasPrefix("node:") ? String(text.dropFirst(5)) : text } else { nil }
        }
        guard named.contains(where: Self.ofNode.contains) else { return }
        let keywords: Set<String> = ["const", "let", "var", "import", "as", "from", "require", "type"]
        for case .word(let word) in tokens where !keywords.contains(word) { modules.insert(word) }
        guard !named.contains(where: Self.classesOfNode.contains) else { return }
        // `fs = require("fs")`, `import fs from "fs"`, `import * as fs from "fs"`
        for (index, token) in tokens.enumerated() {
            guard case .word(let word) = token, !keywords.contains(word) else { continue }
            let rest = tokens[(index + 1)...]
            let isRequired =
                rest.starts(with: [.other(UInt8(ascii: "=")), .word("require")])
                && rest.dropFirst(5).first != .other(UInt8(ascii: "."))
            let isImported = rest.first == .word("from") && index > 0 && [.word("import"), .word("as")].contains(tokens[index - 1])
            if isRequired || isImported { wholes.insert(word) }
        }
    }

    /// Of parameters, in tokens.
    private static let longestList = 64

    /// `function f(fs)`, `(fs) => …`, `fs => …`
    private mutating func takeParametersOfFunctions(_ tokens: [SourceScanner.Token]) {
        guard !wholes.isEmpty else { return }
        let close = SourceScanner.Token.other(UInt8(ascii: ")"))
        for (index, token) in tokens.enumerated() {
            var list = tokens[..<0]
            if token == .word("function") {
                list = tokens[index...].prefix(Self.longestList).prefix { $0 != close }
            } else if token == .other(UInt8(ascii: "=")), index > 0, index + 1 < tokens.count,
                tokens[index + 1] == .other(UInt8(ascii: ">"))
            {
                let begin =
                    tokens[index - 1] == close
                    ? tokens[..<index].suffix(Self.longestList).lastIndex(of: .other(UInt8(ascii: "("))) : index - 1
                list = tokens[(begin ?? index)..<index]
            }
            for case .word(let word) in list where wholes.contains(word) { others.insert(word) }
        }
    }

    /// `import sys "os"`, and a line of a list of imports.
    private mutating func takeGo(_ tokens: [SourceScanner.Token]) {
        let rest = tokens.first == .word("import") ? tokens.dropFirst() : tokens[...]
        guard rest.count == 2, case .word(let name)? = rest.first, case .text(let path)? = rest.last,
            let last = path.split(separator: "/").last
        else { return }
        aliases[name] = String(last)
    }

    /// `use std::process as p;`
    private mutating func takeRust(_ tokens: [SourceScanner.Token]) {
        guard tokens.contains(.word("use")) else { return }
        for (index, token) in tokens.enumerated() where token == .word("as") {
            guard index > 0, case .word(let name) = tokens[index - 1], case .word(let bound)? = tokens.dropFirst(index + 1).first
            else {
                continue
            }
            aliases[bound] = name
        }
    }
}
