/// The text of each variable, from the highest of flag, environment, file and default that has one, with `${…}` expanded.
struct ValueSource {
    private let environment: [String: String]
    private let file: [String: String]
    private let fileName: String
    private let overrides: [String: String]
    let workingDirectory: String

    init(
        environment: [String: String], file: [String: String], fileName: String?, overrides: [String: String],
        workingDirectory: String
    ) throws(ConfigurationError) {
        self.environment = environment
        self.file = file
        self.fileName = fileName ?? ""
        self.overrides = overrides
        self.workingDirectory = workingDirectory
        // In a fixed order, so that the same mistakes always give the same error.
        for name in overrides.keys.sorted() where Variable.named(name) == nil { throw Self.unknown(name, overrides[name]) }
        for name in environment.keys.sorted() where name.hasPrefix("AGENT_") && Variable.named(name) == nil {
            throw Self.unknown(name, environment[name])
        }
        for name in file.keys.sorted() where Variable.named(name) == nil {
            // A file that other programs share may set PATH or LANG; a misspelt name of ours is not one of theirs.
            if name.hasPrefix("AGENT_") || name.contains("AGENT") && Variable.likely(for: name) != nil {
                throw Self.unknown(name, file[name])
            }
        }
    }

    private static func unknown(_ name: String, _ value: String?) -> ConfigurationError {
        let accepted =
            Variable.likely(for: name).map { "did you mean \($0.name)?" } ?? Variable.all.map(\.name).joined(separator: ", ")
        return ConfigurationError(variable: name, value: value, reason: "there is no such variable", accepted: accepted)
    }

    /// The text as it was given, and where.
    func given(_ variable: Variable) -> (text: String?, origin: Setting.Origin) {
        if let text = overrides[variable.name] { return (text, .flag) }
        if let text = environment[variable.name] { return (text, .environment) }
        if let text = file[variable.name] { return (text, .file(fileName)) }
        if variable.name == "AGENT_DATA_ROOT" { return (DataRootSearch.from(workingDirectory), .standard) }
        return (variable.defaultText, .standard)
    }

    /// The text with everything expanded; nil for none.
    func text(_ variable: Variable) throws(ConfigurationError) -> (text: String?, origin: Setting.Origin) {
        let (text, origin) = given(variable)
        guard let text else { return (nil, origin) }
        return (try expand(text, of: variable, within: [variable.name]), origin)
    }

    /// Replaces `${NAME}`. In commands only `${AGENT_…}`: the rest is for the shell that runs them.
    private func expand(_ text: String, of variable: Variable, within: [String]) throws(ConfigurationError) -> String {
        func fail(_ reason: String, accepted: String? = nil) -> ConfigurationError {
            // The variable that was asked for, whichever it led to.
            let first = Variable.named(within[0]) ?? variable
            return ConfigurationError(
                variable: first.name, value: given(first).text, reason: reason,
                accepted: accepted ?? "${NAME} of another AGENT_ variable or of one that is set")
        }
        var result = ""
        var rest = text[...]
        while let open = rest.firstRange(ofDollarBrace: ()) {
            result += String(rest[..<open.lowerBound])
            let tail = rest[open.upperBound...]
            guard let close = tail.utf8.firstIndex(of: UInt8(ascii: "}")) else {
                if variable.kind == .command { return result + String(rest[open.lowerBound...]) }
                throw fail("a ${ without its }")
            }
            let name = String(tail[..<close])
            rest = tail[tail.utf8.index(after: close)...]
            if let other = Variable.named(name) {
                guard !within.contains(name) else {
                    throw fail("it refers to itself through \((within + [name]).joined(separator: " → "))")
                }
                let given = given(other).text ?? ""
                var value = try expand(given, of: other, within: within + [name])
                // A relative path means the same wherever it is used.
                if other.kind == .path, !value.isEmpty { value = Paths.absolute(value, from: workingDirectory) }
                result += value
            } else if variable.kind == .command, !name.hasPrefix("AGENT_") {
                result += "${\(name)}"
            } else if name.hasPrefix("AGENT_") {
                let unknown = Self.unknown(name, nil)
                throw fail("${\(name)}: \(unknown.reason)", accepted: unknown.accepted)
            } else if let value = environment[name] ?? file[name] {
                result += value
            } else {
                throw fail("${\(name)} is not set")
            }
        }
        return result + String(rest)
    }
}

extension Substring {
    fileprivate func firstRange(ofDollarBrace: Void) -> Range<Index>? {
        var index = startIndex
        // By bytes: what combines with a bracket in Swift's eyes is the text behind it.
        while index < endIndex {
            let next = utf8.index(after: index)
            if utf8[index] == UInt8(ascii: "$"), next < endIndex, utf8[next] == UInt8(ascii: "{") {
                return index..<utf8.index(after: next)
            }
            index = next
        }
        return nil
    }
}
