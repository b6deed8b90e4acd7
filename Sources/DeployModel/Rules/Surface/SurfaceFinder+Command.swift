internal import FoundationEssentials

extension SurfaceFinder {
    private static let interpreters: Set<String> = [
        "sh", "bash", "dash", "zsh", "source", ".", "exec", "env", "python", "python3", "node", "deno", "bun", "ruby", "perl",
        "php", "make",
    ]

    /// What it runs: its exit code is the verdict. A file that it only looks at is the application's.
    /// - Parameter directory: where it is run; empty for the tree's top.
    mutating func noteCommand(_ command: String, in directory: String = "", _ fact: SurfaceFact = .namedByCommand) {
        for part in command.split(whereSeparator: { "\n;|&(){}`".contains($0) }) {
            let words = part.split(whereSeparator: { " \t\"'<>".contains($0) }).map(String.init).drop { $0.contains("=") }
            var isRun = true
            var before = ""
            for word in words {
                defer {
                    let name = word.split(separator: "/").last.map(String.init) ?? word
                    isRun = Self.interpreters.contains(name) || isRun && word.hasPrefix("-")
                    before = word
                }
                if before == "-m", let module = module(word, from: Self.join(directory, "x")) {
                    note(module, fact)
                } else if let path = program(word, from: Self.join(directory, "x"), endings: isRun),
                    isRun || files[path]?.isExecutable == true || Self.isScript(path)
                {
                    note(path, fact)
                }
            }
        }
    }

    /// The file that a word names, by itself or without its ending.
    func program(_ word: String, from path: String, endings: Bool) -> String? {
        for ending in [""]
            + (endings ? [".js", ".mjs", ".cjs", ".ts", "/index.js", "/index.mjs", "/index.ts", "/__main__.py"] : [])
        {
            if let found = resolve(word + ending, from: path, besideOnly: true), files[found] != nil { return found }
        }
        return nil
    }

    /// The scripts of a `package.json` that are its tests, and those that these start.
    mutating func notePackageScripts(in bytes: [UInt8], of path: String) {
        struct Manifest: Decodable {
            var scripts: [String: String]?
        }
        guard let scripts = try? JSONDecoder().decode(Manifest.self, from: Data(bytes)).scripts else { return }
        var pending = ["test", "pretest", "posttest"]
        var seen: Set<String> = []
        while let name = pending.popLast() {
            guard let script = scripts[name], seen.insert(name).inserted else { continue }
            noteCommand(script, in: Self.parent(of: path), .usedBy(path))
            for word in script.split(whereSeparator: { " \t\"';&|".contains($0) }).map(String.init) where scripts[word] != nil {
                pending += [word, "pre" + word, "post" + word]
            }
        }
    }
}
