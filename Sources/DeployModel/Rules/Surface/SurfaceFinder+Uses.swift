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
            if name == "package.json" { notePackageScripts(in: bytes, of: path) }
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
            try notePackages(tokens, texts, of: path)
        }
        if rules.syntax.hashComments, !isPython { try noteScripts(in: bytes, of: path) }
    }

    /// A line with these takes a text for the path of a directory, though it has no sign of one: `Path(HERE, "cases")`.
    private static let openingWords: Set<String> = [
        "join", "Path", "joinpath", "open", "listdir", "scandir", "walk", "glob", "rglob", "iterdir", "readFileSync", "readdirSync",
        "resolve",
    ]

    /// A text that is the path of a file or directory of the tree, not of the application's code.
    mutating func noteText(_ text: String, of path: String, opens: Bool) {
        guard text.utf8.count < 500, opens || text.contains("/") || text.contains(".") else { return }
        guard let found = resolve(text, from: path) else { return noteData(named: text, of: path) }
        guard !Self.isDocument(found) else { return }
        if directories.contains(found) {
            let isData =
                holdsData[found] ?? !files.contains { $0.key.hasPrefix(found + "/") && HintRules.of($0.key, firstLine: "") != nil }
            holdsData[found] = isData
            if isData { note(found, .usedBy(path)) }
        } else if text.contains("/") || text.contains("."), HintRules.of(found, firstLine: "") == nil || Self.isScript(found) {
            note(found, .usedBy(path))
        }
    }

    /// Files of data that are named without the directory, which the program knows: `DATA / "sums.json"`.
    private mutating func noteData(named text: String, of path: String) {
        guard !text.hasPrefix("."), !Self.suffix(of: text).isEmpty, let name = text.split(separator: "/").last,
            let found = byName[String(name)]?.filter({ $0 == text || $0.hasSuffix("/" + text) }), found.count <= Self.mostNamesakes
        else { return }
        for each in found where !Self.isDocument(each) && HintRules.of(each, firstLine: "") == nil { note(each, .usedBy(path)) }
    }

    /// A name that more files have says nothing of one.
    private static let mostNamesakes = 3

    /// Words after which a file is read as a part of this one.
    private static let includingWords: Set<String> = ["include", "-include", "sinclude", ".", "source"]

    /// In settings and shell text: words that are scripts of the tree.
    private mutating func noteScripts(in bytes: [UInt8], of path: String) throws {
        let separators = Set(" \t\n;|&()<>\"'`$={},:[]@".utf8)
        let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
        let isMakefile = name.hasSuffix("makefile") || name.hasSuffix(".mk")
        if isMakefile { noteTargets(in: bytes, of: path) }
        let includes = isMakefile || HintRules.of(path, firstLine: "") != nil
        var before = ""
        for bytes in bytes.split(whereSeparator: separators.contains) where bytes.count < 200 {
            let word = String(decoding: bytes, as: UTF8.self)
            defer { before = word }
            if before == "-m", let module = module(word, from: path) {
                try noteProgram(module, of: path)
                continue
            }
            let isIncluded = includes && Self.includingWords.contains(before)
            guard isIncluded || word.contains("/") || word.contains("."), let found = resolve(word, from: path), files[found] != nil
            else { continue }
            if isIncluded || Self.isScript(found) || files[found]?.isExecutable == true {
                note(found, .usedBy(path))
            } else if HintRules.of(found, firstLine: "") != nil {
                // A program that it starts may be what is tested, or what tests.
                try noteProgram(found, of: path)
            }
        }
    }

    /// Names of what `make` makes and is not there yet: a file of that name would be taken for it.
    private mutating func noteTargets(in bytes: [UInt8], of path: String) {
        for line in bytes.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: "\t") {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), !line[..<colon].contains(UInt8(ascii: "=")),
                line[(colon + 1)...].first != UInt8(ascii: "=")
            else { continue }
            for word in String(decoding: line[..<colon], as: UTF8.self).split(separator: " ") where word.utf8.count < 200 {
                let target = Self.join(Self.parent(of: path), String(word.hasPrefix("./") ? word.dropFirst(2) : word))
                let isName = word.first != "." && word.first != "#" && !word.contains(where: { "$%*?()".contains($0) })
                if isName, files[target] == nil, !directories.contains(target) { note(target, .usedBy(path)) }
            }
        }
    }
}
