/// Finds what the deployed version says about its own judge: pure, over a tree that is given as paths and a way to read. What is read is the deployed version's surface, which a human has
/// seen; the candidate has no word in it.
package struct SurfaceFinder {
    package struct File: Sendable {
        package let path: [UInt8]
        package let isLink: Bool
        package let isExecutable: Bool

        package init(path: [UInt8], isLink: Bool, isExecutable: Bool) {
            self.path = path
            self.isLink = isLink
            self.isExecutable = isExecutable
        }
    }

    private let files: [String: File]
    private let directories: Set<String>
    private let surface: TestSurface
    private let read: ([UInt8]) throws -> [UInt8]?
    private var facts = SurfaceFacts()
    /// Whether a directory that was named holds no code.
    private var holdsData: [String: Bool] = [:]
    /// Imported files that may be made for tests, by the word by which the application would import them, with who imports them.
    private var candidates: [String: [(helper: String, importer: String)]] = [:]

    /// - Parameter read: the text of a file, or of a link; nil where it is too large to matter.
    package init(files: [File], surface: TestSurface, read: @escaping ([UInt8]) throws -> [UInt8]?) {
        // Names that are not UTF-8 are in no text that could name them.
        var known: [String: File] = [:]
        var directories: Set<String> = []
        for file in files {
            guard let path = String(validating: file.path, as: UTF8.self) else { continue }
            known[path] = file
            var rest = path[...]
            while let slash = rest.lastIndex(of: "/") {
                rest = rest[..<slash]
                guard directories.insert(String(rest)).inserted else { break }
            }
        }
        self.files = known
        self.directories = directories
        self.surface = surface
        self.read = read
    }

    /// - Parameters:
    ///   - passed: ids of the tests of the deployed version's report.
    ///   - command: the admin's test command.
    package mutating func find(passed: Set<String>, command: String?) throws -> SurfaceFacts {
        noteTests(passed)
        if let command { noteCommand(command) }
        var pending = files.filter { surface.contains($0.value.path) }.map(\.key)
        var seen: Set<String> = []
        while true {
            // What was found to judge may use more.
            pending += facts.paths.keys.compactMap { String(validating: $0, as: UTF8.self) }
            pending = pending.filter { files[$0] != nil && !seen.contains($0) }.sorted()
            if pending.isEmpty {
                guard !candidates.isEmpty else { return facts }
                try settleCandidates()
                candidates = [:]
                continue
            }
            for path in pending where seen.insert(path).inserted { try look(at: path) }
        }
    }

    private mutating func look(at path: String) throws {
        guard let file = files[path], let bytes = try read(file.path) else { return }
        guard file.isLink else { return try noteUses(in: bytes, of: path) }
        if let target = resolve(String(decoding: bytes, as: UTF8.self), from: path) { note(target, .linkedFrom(path)) }
    }

    private mutating func note(_ path: String, _ fact: SurfaceFact) {
        let bytes = Array(path.utf8)
        guard !surface.contains(bytes), facts.paths[bytes] == nil else { return }
        facts.paths[bytes] = fact
    }

    // Tests of the report: `tests.test_a.T::test_x` and `tests.test_a.T.test_x` are in `tests/test_a.py`, `src/a.check.js::sums::adds` in `src/a.check.js`.

    private static let reportedByFile: Set<String> = ["py", "java", "kt", "scala", "groovy", "cs", "rb", "php", "swift", "pl", "t"]

    private mutating func noteTests(_ ids: Set<String>) {
        var prefixes: Set<String> = []
        for id in ids {
            let separator = id.firstRange(of: "::")
            var place = id[..<(separator?.lowerBound ?? id.endIndex)]
            // `app.main::app.main.add` is an example in the text of a function: that part of the file judges, not all of it.
            if let separator, id[separator.upperBound...].hasPrefix(place + ".") { continue }
            // What a build says of a file may begin where it was built.
            while place.hasPrefix("../") { place = place.dropFirst(3) }
            if separator != nil, files[String(place)] != nil {
                note(String(place), .holdsTests)
                continue
            }
            var names = place.split(whereSeparator: { ".\\/".contains($0) })
            if separator == nil {
                // The last one is the test's own.
                guard names.count > 2 else { continue }
                names.removeLast()
            }
            var prefix = ""
            for name in names {
                prefix += (prefix.isEmpty ? "" : "/") + name
                prefixes.insert(prefix)
            }
        }
        for path in files.keys where Self.reportedByFile.contains(Self.suffix(of: path)) {
            var rest = Self.stem(of: path)[...]
            var isWhole = true
            while true {
                // One name alone says which file only where nothing is above it.
                if isWhole || rest.contains("/"), prefixes.contains(String(rest)) {
                    note(path, .holdsTests)
                    break
                }
                guard let slash = rest.firstIndex(of: "/") else { break }
                rest = rest[rest.index(after: slash)...]
                isWhole = false
            }
        }
    }

    private static let interpreters: Set<String> = [
        "sh", "bash", "dash", "zsh", "source", ".", "exec", "env", "python", "python3", "node", "deno", "bun", "ruby", "perl",
        "php", "make",
    ]

    /// What it runs: its exit code is the verdict. A file that it only looks at is the application's.
    private mutating func noteCommand(_ command: String) {
        for part in command.split(whereSeparator: { "\n;|&(){}`".contains($0) }) {
            let words = part.split(whereSeparator: { " \t\"'<>".contains($0) }).map(String.init).drop { $0.contains("=") }
            var isRun = true
            for word in words {
                defer {
                    let name = word.split(separator: "/").last.map(String.init) ?? word
                    isRun = Self.interpreters.contains(name) || isRun && word.hasPrefix("-")
                }
                guard let path = resolve(word, from: ""), let file = files[path], isRun || file.isExecutable || Self.isScript(path)
                else {
                    continue
                }
                note(path, .namedByCommand)
            }
        }
    }

    // What files of the surface read, run and import.

    private static let pluginWords: Set<String> = ["pytest_plugins", "addopts", "plugins", "setupfiles", "globalsetup"]

    private mutating func noteUses(in bytes: [UInt8], of path: String) throws {
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

    private static func isDocument(_ path: String) -> Bool { ["md", "rst", "adoc"].contains(suffix(of: path)) }

    private static func isScript(_ path: String) -> Bool {
        ["sh", "bash", "zsh", "bat", "cmd", "ps1", "mk"].contains(suffix(of: path))
            || path.split(separator: "/").dropLast().contains { ["scripts", "ci", "hack"].contains($0.lowercased()) }
    }

    // Imports.

    private func imports(_ tokens: [SourceScanner.Token], from path: String, isPython: Bool) -> [String] {
        guard isPython else {
            return tokens.compactMap { token in
                guard case .text(let text) = token, text.hasPrefix("./") || text.hasPrefix("../") else { return nil }
                for ending in ["", ".js", ".ts", ".mjs", ".cjs", ".tsx", ".jsx", ".rb", "/index.js", "/index.ts"] {
                    if let found = resolve(text + ending, from: path, besideOnly: true), files[found] != nil { return found }
                }
                return nil
            }
        }
        guard case .word(let first)? = tokens.first, first == "import" || first == "from" else { return [] }
        var modules: [String] = []
        var current = ""
        var base = ""
        for token in tokens.dropFirst() + [.other(UInt8(ascii: ","))] {
            switch token {
            case .word("import"):
                base = current
                current = ""
            case .word("as"), .other(UInt8(ascii: ",")):
                if !current.isEmpty { modules.append(base.isEmpty || base.hasSuffix(".") ? base + current : base + "." + current) }
                current = ""
            case .word(let word): current += word
            case .other(UInt8(ascii: ".")): current += "."
            case .other, .text: break
            }
        }
        if !base.isEmpty { modules.append(base) }
        return modules.compactMap { module($0, from: path) }
    }

    /// The file of a module that Python finds from a file at `path`: from the top, from `src`, from a directory above the file.
    private func module(_ name: String, from path: String) -> String? {
        let dots = name.prefix { $0 == "." }.count
        let names = name.split(separator: ".").joined(separator: "/")
        var places = ["", "src"]
        var directory = Self.parent(of: path)
        if dots > 0 {
            for _ in 1..<dots { directory = Self.parent(of: directory) }
            places = [directory]
        } else {
            while !directory.isEmpty {
                places.append(directory)
                directory = Self.parent(of: directory)
            }
        }
        for place in places {
            let whole = Self.join(place, names)
            for candidate in [whole + ".py", Self.join(whole, "__init__.py")] where files[candidate] != nil { return candidate }
        }
        return nil
    }

    /// Modules with these in their names are made for tests, whoever uses them; others that tests import where they assert or are called
    /// helpers, and the application does not use them itself.
    private static let testWords = ["test", "fixture", "mock", "fake", "stub", "golden", "expected", "assert"]
    private static let helperWords = ["helper", "support", "harness", "util", "common"]

    private mutating func noteHelper(_ helper: String, of path: String) throws {
        guard let file = files[helper], !surface.contains(file.path), facts.paths[file.path] == nil else { return }
        let name = helper.split(separator: "/").last.map { $0.lowercased() } ?? ""
        if Self.testWords.contains(where: name.contains) {
            noteModule(helper, path)
            return
        }
        guard !candidates.values.contains(where: { $0.contains { $0.helper == helper } }), let bytes = try read(file.path),
            Self.asserts(bytes) || Self.helperWords.contains(where: name.contains)
        else { return }
        let stem = Self.stem(of: helper).split(separator: "/").last.map(String.init) ?? ""
        let word = stem == "__init__" ? Self.parent(of: helper).split(separator: "/").last.map(String.init) ?? "" : stem
        candidates[word, default: []].append((helper, path))
    }

    /// The application asserts as well: what it uses itself is not made for tests.
    private mutating func settleCandidates() throws {
        for (path, file) in files
        where !candidates.isEmpty && !file.isLink && facts.paths[file.path] == nil && !surface.contains(file.path) {
            guard HintRules.of(path, firstLine: "") != nil, let text = try read(file.path) else { continue }
            for word in candidates.keys where text.containsText(word) {
                candidates[word]?.removeAll { $0.helper != path }
                if candidates[word]?.isEmpty == true { candidates[word] = nil }
            }
        }
        for (helper, importer) in candidates.values.joined() { noteModule(helper, importer) }
    }

    /// A helper, what would be found before it, and what is run before it: `a/b.py`, a directory `a/b`, and `a/__init__.py` where all of `a` is there for tests.
    private mutating func noteModule(_ helper: String, _ importer: String) {
        note(helper, .helperOf(importer))
        note(Self.stem(of: helper), .helperOf(importer))
        let package = Self.parent(of: helper)
        guard !package.isEmpty, !helper.hasSuffix("/__init__.py"), files[package + "/__init__.py"] != nil else { return }
        let modules = files.keys.filter { $0.hasPrefix(package + "/") && $0.hasSuffix(".py") && $0 != package + "/__init__.py" }
        if modules.allSatisfy({ facts.paths[Array($0.utf8)] != nil }) { note(package + "/__init__.py", .helperOf(importer)) }
    }

    private static func asserts(_ bytes: [UInt8]) -> Bool {
        ["assert", "import pytest", "import unittest", "expect("].contains(where: bytes.containsText)
    }

    // Paths.

    /// The file or directory of the tree that `text` names: from the top, beside the file at `path`, or beside a directory above that.
    private func resolve(_ text: String, from path: String, besideOnly: Bool = false) -> String? {
        var directory = Self.parent(of: path)
        var places = [directory]
        while !directory.isEmpty, !besideOnly {
            directory = Self.parent(of: directory)
            places.append(directory)
        }
        for place in places {
            guard let normal = Self.normal(Self.join(place, text)), !normal.isEmpty else { continue }
            if files[normal] != nil || directories.contains(normal) { return normal }
        }
        return nil
    }

    private static func normal(_ path: String) -> String? {
        guard !path.hasPrefix("/") else { return nil }
        var names: [Substring] = []
        for name in path.split(separator: "/") {
            if name == ".." {
                guard names.popLast() != nil else { return nil }
            } else if name != "." {
                names.append(name)
            }
        }
        return names.joined(separator: "/")
    }

    private static func parent(of path: String) -> String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "" }
    private static func join(_ directory: String, _ name: String) -> String { directory.isEmpty ? name : directory + "/" + name }

    private static func suffix(of path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        return name.lastIndex(of: ".").map { name[name.index(after: $0)...].lowercased() } ?? ""
    }

    private static func stem(of path: String) -> String {
        guard let dot = path.lastIndex(of: "."), !path[dot...].contains("/") else { return path }
        return String(path[..<dot])
    }
}

extension [UInt8] {
    func containsText(_ text: String) -> Bool {
        let needle = Array(text.utf8)
        guard let first = needle.first, count >= needle.count else { return false }
        var from = 0
        while let at = self[from...].firstIndex(of: first), at + needle.count <= count {
            if self[at..<(at + needle.count)].elementsEqual(needle) { return true }
            from = at + 1
        }
        return false
    }
}
