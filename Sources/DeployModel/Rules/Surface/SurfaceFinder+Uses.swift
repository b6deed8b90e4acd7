extension SurfaceFinder {
    private static let pluginWords: Set<String> = ["pytest_plugins", "addopts", "plugins", "setupfiles", "globalsetup"]

    /// What a file of the surface reads, runs and imports.
    mutating func noteUses(in bytes: [UInt8], of path: String) throws {
        let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        if ["pyproject.toml", "setup.cfg", "pytest.ini", "tox.ini", "pytest.toml", ".pytest.ini", "makefile"].contains(name),
            bytes.containsText("doctest")
        {
            facts.hasDoctests = true
        }
        // What documents and packaging name is shown or shipped, not compared with.
        guard !Self.isDocument(path), name != "setup.py" else { return }
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        guard let rules = HintRules.of(path, firstLine: String(decoding: (lines.first ?? []).prefix(200), as: UTF8.self)) else {
            try noteScripts(in: bytes, of: path)
            return
        }
        var scanner = SourceScanner(rules.syntax, keepingCase: true)
        let isPython = Self.suffix(of: path).hasPrefix("py")
        var namesPlugins = false
        for line in lines {
            let tokens = scanner.tokens(of: line)
            let texts = tokens.compactMap { if case .text(let text) = $0 { text } else { nil } }
            if tokens.contains(where: { if case .word(let word) = $0 { Self.pluginWords.contains(word) } else { false } }) {
                namesPlugins = true
            } else if texts.isEmpty {
                namesPlugins = false
            }
            let opens = tokens.contains { if case .word(let word) = $0 { Self.openingWords.contains(word) } else { false } }
            for text in texts {
                if namesPlugins, let module = module(text, from: path) { note(module, .usedBy(path)) }
                noteText(text, of: path, opens: opens)
            }
            // `join(HERE, "data", "x.json")`
            for start in texts.indices.dropLast() {
                for end in (start + 1)..<min(texts.count, start + 5) {
                    noteText(texts[start...end].joined(separator: "/"), of: path, opens: opens)
                }
            }
            for imported in imports(tokens, from: path, isPython: isPython) { try noteHelper(imported, of: path) }
        }
        if rules.syntax.hashComments, !isPython { try noteScripts(in: bytes, of: path) }
    }

    /// A line with these takes a text for the path of a directory, though it has no sign of one: `Path(HERE, "cases")`.
    private static let openingWords: Set<String> = [
        "join", "Path", "joinpath", "open", "listdir", "scandir", "walk", "glob", "rglob", "iterdir", "readFileSync", "readdirSync",
        "resolve",
    ]

    /// A text that is the path of a file or directory of the tree, not of the application's code.
    private mutating func noteText(_ text: String, of path: String, opens: Bool) {
        guard text.utf8.count < 500, opens || text.contains("/") || text.contains("."), let found = resolve(text, from: path),
            !Self.isDocument(found)
        else { return }
        if directories.contains(found) {
            let isData =
                holdsData[found] ?? !files.contains { $0.key.hasPrefix(found + "/") && HintRules.of($0.key, firstLine: "") != nil }
            holdsData[found] = isData
            if isData { note(found, .usedBy(path)) }
        } else if text.contains("/") || text.contains("."), HintRules.of(found, firstLine: "") == nil || Self.isScript(found) {
            note(found, .usedBy(path))
        }
    }

    /// In settings and shell text: words that are scripts of the tree.
    private mutating func noteScripts(in bytes: [UInt8], of path: String) throws {
        let separators = Set(" \t\n;|&()<>\"'`$={},:[]@".utf8)
        for word in bytes.split(whereSeparator: separators.contains)
        where word.count < 200 && (word.contains(0x2F) || word.contains(0x2E)) {
            guard let found = resolve(String(decoding: word, as: UTF8.self), from: path), files[found] != nil else { continue }
            if Self.isScript(found) || files[found]?.isExecutable == true {
                note(found, .usedBy(path))
            } else if HintRules.of(found, firstLine: "") != nil {
                // A program that it starts may be what is tested, or what tests.
                try noteHelper(found, of: path)
            }
        }
    }
}
