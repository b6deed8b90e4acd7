extension SurfaceFinder {
    private static let interpreters: Set<String> = [
        "sh", "bash", "dash", "zsh", "source", ".", "exec", "env", "python", "python3", "node", "deno", "bun", "ruby", "perl",
        "php", "make",
    ]

    /// What it runs: its exit code is the verdict. A file that it only looks at is the application's.
    mutating func noteCommand(_ command: String) {
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
}
