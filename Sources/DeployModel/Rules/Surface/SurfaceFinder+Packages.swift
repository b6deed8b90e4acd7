extension SurfaceFinder {
    /// Packages, targets and headers of the tree that tests take in and that are made for tests.
    mutating func notePackages(_ tokens: [SourceScanner.Token], _ texts: [String], of path: String) throws {
        switch HintRules.of(path, firstLine: "")?.language {
        case .go:
            for text in texts {
                guard let directory = try goPackage(text) else { continue }
                try noteDirectory(directory, of: path, ending: ".go", marks: ["\"testing\""])
            }
        case .swift:
            guard let index = tokens.firstIndex(of: .word("import")), case .word(let target)? = tokens.dropFirst(index + 1).first
            else {
                return
            }
            try noteDirectory("Sources/" + target, of: path, ending: ".swift", marks: ["import XCTest", "import Testing"])
        case .c:
            guard tokens.starts(with: [.other(UInt8(ascii: "#")), .word("include")]) else { return }
            for text in texts {
                if let found = resolve(text, from: path), files[found] != nil { try noteHelper(found, of: path) }
            }
        default: return
        }
    }

    /// A directory is made for tests where its name says so, or one of its files has a mark.
    private mutating func noteDirectory(_ directory: String, of path: String, ending: String, marks: [String]) throws {
        guard directories.contains(directory), facts.fact(about: Array(directory.utf8)) == nil else { return }
        let name = directory.split(separator: "/").last.map { $0.lowercased() } ?? ""
        let isNamed = Self.testWords.contains(where: name.contains)
        let isMarked =
            try isNamed
            || files.contains { file in
                guard Self.parent(of: file.key) == directory, file.key.hasSuffix(ending), !surface.contains(file.value.path),
                    let bytes = try read(file.value.path)
                else { return false }
                return marks.contains(where: bytes.containsText)
            }
        if isMarked { note(directory, .helperOf(path)) }
    }

    /// The directory of a package by the path that it is imported by.
    private mutating func goPackage(_ text: String) throws -> String? {
        if goModules == nil {
            goModules = try files.compactMap { path, file in
                guard path == "go.mod" || path.hasSuffix("/go.mod"), let bytes = try read(file.path) else { return nil }
                let line = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first {
                    $0.hasPrefix("module ")
                }
                return line.map { (String($0.dropFirst(7).trimmed), Self.parent(of: path)) }
            }
        }
        for (name, directory) in goModules ?? [] where text.hasPrefix(name + "/") {
            return Self.join(directory, String(text.dropFirst(name.count + 1)))
        }
        return nil
    }

    /// What Rust's tests beside the program take in: modules that only tests are built with, and data.
    mutating func noteInlineTests() throws {
        for (path, file) in files.sorted(by: { $0.key < $1.key })
        where path.hasSuffix(".rs") && !file.isLink && !surface.contains(file.path) {
            guard let bytes = try read(file.path) else { continue }
            for block in InlineTests.rustBlocks(bytes[...]) {
                for case .text(let text) in block { noteText(text, of: path, opens: false) }
                // `#[cfg(test)] mod checking;`
                guard block.last == .other(UInt8(ascii: ";")), let index = block.firstIndex(of: .word("mod")),
                    case .word(let name)? = block.dropFirst(index + 1).first
                else { continue }
                let stem = Self.stem(of: path)
                let isOfDirectory = ["lib", "main", "mod"].contains(stem.split(separator: "/").last.map(String.init) ?? "")
                let place = Self.join(isOfDirectory ? Self.parent(of: path) : stem, name)
                note(place + ".rs", .helperOf(path))
                note(place, .helperOf(path))
            }
        }
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = self
        while let first = text.first, first.isWhitespace || first == "\"" { text = text.dropFirst() }
        while let last = text.last, last.isWhitespace || last == "\"" { text = text.dropLast() }
        return text
    }
}
