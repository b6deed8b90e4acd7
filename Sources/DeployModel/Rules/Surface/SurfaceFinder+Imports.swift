extension SurfaceFinder {
    /// A file of the tree that is imported, and, without their endings, all that an import of its name may find.
    struct Imported {
        var path: String
        var stems: [String] = []
    }

    /// The files of the tree that a line imports.
    func imports(_ tokens: [SourceScanner.Token], from path: String, isPython: Bool) -> [Imported] {
        guard isPython else {
            return tokens.compactMap { token in
                guard case .text(let text) = token, text.hasPrefix("./") || text.hasPrefix("../") else { return nil }
                for ending in ["", ".js", ".ts", ".mjs", ".cjs", ".tsx", ".jsx", ".rb", "/index.js", "/index.ts"] {
                    if let found = resolve(text + ending, from: path, besideOnly: true), files[found] != nil {
                        return Imported(path: found)
                    }
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
        return modules.compactMap { name in
            module(name, from: path).map { Imported(path: $0, stems: candidates(for: name, from: path)) }
        }
    }

    /// The file of a module that Python finds from a file at `path`: from the top, from `src`, from a directory above the file.
    func module(_ name: String, from path: String) -> String? {
        for whole in candidates(for: name, from: path) {
            for candidate in [whole + ".py", Self.join(whole, "__init__.py")] where files[candidate] != nil { return candidate }
        }
        return nil
    }

    /// Where it is looked for, without an ending.
    private func candidates(for name: String, from path: String) -> [String] {
        let dots = name.prefix { $0 == "." }.count
        let names = name.split(separator: ".").joined(separator: "/")
        var starts = ["", "src"]
        var directory = Self.parent(of: path)
        if dots > 0 {
            for _ in 1..<dots { directory = Self.parent(of: directory) }
            starts = [directory]
        } else {
            while !directory.isEmpty {
                starts.append(directory)
                directory = Self.parent(of: directory)
            }
        }
        return starts.map { Self.join($0, names) }
    }
}
