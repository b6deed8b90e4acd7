import LinuxSystem
import PinfoldConfiguration
import Testing
import ZonePolicy

@Suite struct `The configuration document` {
    private let text: String

    init() throws {
        // Beside this file's own directory, wherever the tests are started.
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        text = String(decoding: try SmallFile.read("/\(root)/Docs/Configuration.md", limit: 1 << 20), as: UTF8.self)
    }

    /// The table's line of a variable.
    private func line(_ variable: Variable) -> String {
        let standard =
            variable.defaultText.flatMap { variable.defaultNote == nil ? "`\($0)`" : nil } ?? variable.defaultNote ?? "none"
        return "| `\(variable.name)` | \(variable.meaning) | \(standard) | \(variable.accepted) |"
    }

    @Test func `has every variable as it is`() {
        for variable in Variable.all { #expect(text.contains(line(variable)), "\(line(variable))") }
        for word in text.split(whereSeparator: { !($0.isLetter || $0 == "_") }) where word.hasPrefix("AGENT_") && word.count > 6 {
            let isWrongOnPurpose = word == "AGENT_DEPLOY_TIMEOUT"
            #expect(Variable.named(String(word)) != nil || isWrongOnPurpose, "\(word)")
        }
    }

    @Test func `has every default pattern with its reason`() {
        for pattern in DefaultPattern.hide + DefaultPattern.protect {
            #expect(text.contains("| `\(pattern.pattern)` | \(pattern.reason) |"), "| `\(pattern.pattern)` | \(pattern.reason) |")
        }
    }

    @Test func `has examples that can be read`() throws {
        let examples = text.components(between: "```\n", and: "```").filter { $0.hasPrefix("AGENT_DATA_ROOT") }
        #expect(examples.count == 2)
        for example in examples {
            for line in example.split(separator: "\n") {
                let name = line.prefix { $0 != "=" }
                #expect(Variable.named(String(name)) != nil, "\(line)")
            }
        }
    }
}

extension String {
    fileprivate func components(between start: String, and end: String) -> [String] {
        var found: [String] = []
        var rest = self[...]
        while let open = rest.range(of: start) {
            let tail = rest[open.upperBound...]
            guard let close = tail.range(of: end) else { break }
            found.append(String(tail[..<close.lowerBound]))
            rest = tail[close.upperBound...]
        }
        return found
    }
}

extension Substring {
    fileprivate func range(of text: String) -> Range<Index>? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(text) { return index..<self.index(index, offsetBy: text.count) }
            index = self.index(after: index)
        }
        return nil
    }
}
