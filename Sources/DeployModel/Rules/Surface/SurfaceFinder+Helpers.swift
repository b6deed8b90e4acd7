extension SurfaceFinder {
    /// Modules with these in their names are made for tests, whoever uses them; others that tests import where they assert or are called
    /// helpers, and the application does not use them itself.
    static let testWords = ["test", "fixture", "mock", "fake", "stub", "golden", "expected", "assert"]
    private static let helperWords = ["helper", "support", "harness", "util", "common", "compare", "check", "verify", "equal"]

    /// What a build's or a script's file starts is made for tests where its path says so, too.
    private static let programWords = ["check", "verify", "spec"]

    /// A file that one of the surface imports.
    mutating func noteHelper(_ helper: String, of path: String) throws { try noteHelper(Imported(path: helper), of: path) }

    /// A file that one of the surface starts, or has built.
    mutating func noteProgram(_ program: String, of path: String) throws {
        guard let file = files[program], !surface.contains(file.path), facts.paths[file.path] == nil else { return }
        if Self.programWords.contains(where: program.lowercased().contains) {
            note(program, .usedBy(path))
        } else {
            try noteHelper(program, of: path)
        }
    }

    mutating func noteHelper(_ imported: Imported, of path: String) throws {
        let helper = imported.path
        guard let file = files[helper], !surface.contains(file.path), facts.paths[file.path] == nil else { return }
        let name = helper.split(separator: "/").last.map { $0.lowercased() } ?? ""
        if Self.testWords.contains(where: name.contains) {
            noteModule(imported, path)
            return
        }
        guard !candidates.values.contains(where: { $0.contains { $0.helper.path == helper } }), let bytes = try read(file.path),
            Self.asserts(bytes) || Self.helperWords.contains(where: name.contains)
        else { return }
        // A header is taken in by its whole name.
        guard HintRules.of(helper, firstLine: "")?.language != .c else {
            candidates[helper.split(separator: "/").last.map(String.init) ?? helper, default: []].append((imported, path))
            return
        }
        let stem = Self.stem(of: helper).split(separator: "/").last.map(String.init) ?? ""
        let word = stem == "__init__" ? Self.parent(of: helper).split(separator: "/").last.map(String.init) ?? "" : stem
        candidates[word, default: []].append((imported, path))
    }

    /// The application asserts as well: what it uses itself is not made for tests.
    mutating func settleCandidates() throws {
        for (path, file) in files
        where !candidates.isEmpty && !file.isLink && facts.paths[file.path] == nil && !surface.contains(file.path) {
            guard HintRules.of(path, firstLine: "") != nil, let text = try read(file.path) else { continue }
            for word in candidates.keys where text.containsText(word) {
                candidates[word]?.removeAll { $0.helper.path != path }
                if candidates[word]?.isEmpty == true { candidates[word] = nil }
            }
        }
        for (helper, importer) in candidates.values.joined() { noteModule(helper, importer) }
    }

    /// A helper, what would be found before it, and what is run before it: `a/b.py`, a directory `a/b`, and `a/__init__.py` where all of `a` is there for tests.
    private mutating func noteModule(_ imported: Imported, _ importer: String) {
        let helper = imported.path
        note(helper, .helperOf(importer))
        note(Self.stem(of: helper), .helperOf(importer))
        for stem in imported.stems {
            note(stem + ".py", .helperOf(importer))
            note(stem, .helperOf(importer))
        }
        let package = Self.parent(of: helper)
        guard !package.isEmpty, !helper.hasSuffix("/__init__.py"), files[package + "/__init__.py"] != nil else { return }
        let modules = files.keys.filter { $0.hasPrefix(package + "/") && $0.hasSuffix(".py") && $0 != package + "/__init__.py" }
        if modules.allSatisfy({ facts.paths[Array($0.utf8)] != nil }) { note(package + "/__init__.py", .helperOf(importer)) }
    }

    private static func asserts(_ bytes: [UInt8]) -> Bool {
        ["assert", "import pytest", "import unittest", "expect("].contains(where: bytes.containsText)
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
