/// A test command of the admin's that plainly is a known runner with arguments: simple words, nothing for a shell to do but to part them.
package struct KnownCommand: Hashable, Sendable {
    package let kind: RunnerKind
    /// The program: a name, or an absolute path.
    package let program: String
    /// Whether it is a module of the program's.
    package let isModule: Bool
    /// What follows the runner's own words. A word may hold `reportVariable`.
    package let arguments: [String]

    /// The one variable that such a command may name: where the report is to go.
    package static let reportVariable = "$PINFOLD_TEST_REPORT"

    /// nil where a shell has more to do: operators, other variables, patterns, assignments.
    package init?(_ command: String) {
        guard let words = Self.words(command) else { return nil }
        guard let first = words.first, !first.contains("/") || first.hasPrefix("/") else { return nil }
        let name = String(first.split(separator: "/").last ?? "")
        let isPython = name == "python" || name.hasPrefix("python3") && name.dropFirst(7).allSatisfy { $0 == "." || $0.isNumber }
        let beginnings: [(RunnerKind, [String])] = [
            (.pytest, ["python3", "-m", "pytest"]), (.pytest, ["pytest"]), (.unittest, ["python3", "-m", "unittest"]),
            (.node, ["node", "--test"]), (.go, ["go", "test"]), (.cargo, ["cargo", "test"]), (.swift, ["swift", "test"]),
        ]
        let named = [isPython ? "python3" : name] + words.dropFirst()
        for (kind, beginning) in beginnings where named.starts(with: beginning) {
            self.kind = kind
            isModule = beginning.contains("-m")
            // pytest's own program lies beside the Python that has it.
            program = name == "pytest" ? first.dropLast(name.count) + "python3" : first
            arguments = Array(words.dropFirst(beginning.count))
            return
        }
        return nil
    }

    /// The words as a shell parts them; nil where it does more than that.
    static func words(_ command: String) -> [String]? {
        var words: [String] = []
        var word: String?
        var quote: Character?
        var rest = Substring(command)
        while let character = rest.first {
            if character == "$", quote != "'" {
                let before = rest.startIndex
                for name in [reportVariable, "${PINFOLD_TEST_REPORT}"] where rest.hasPrefix(name) {
                    // A longer name is another variable.
                    let end = rest.dropFirst(name.count).first
                    guard name.hasSuffix("}") || !(end.map { $0.isLetter || $0.isNumber || $0 == "_" } ?? false) else { return nil }
                    word = (word ?? "") + reportVariable
                    rest = rest.dropFirst(name.count)
                    break
                }
                if rest.startIndex == before { return nil }
                continue
            }
            rest = rest.dropFirst()
            if let open = quote {
                if character == open {
                    quote = nil
                } else if open == "\"", "\\`!".contains(character) {
                    return nil
                } else {
                    word?.append(character)
                }
            } else if character == "'" || character == "\"" {
                quote = character
                word = word ?? ""
            } else if character == " " || character == "\t" {
                if let ended = word { words.append(ended) }
                word = nil
            } else if "\\`;&|<>()*?[]{}!#~\n\r".contains(character) {
                return nil
            } else {
                word = (word ?? "") + String(character)
            }
        }
        guard quote == nil else { return nil }
        if let ended = word { words.append(ended) }
        return words
    }
}
