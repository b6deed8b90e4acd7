/// Tests that stand in the same file as what they test: Rust's `#[test]` and `#[cfg(test)]`, the examples in the texts of Rust and Python.
/// The file is the application's; those parts of it judge the agent.
enum InlineTests {
    static func canBe(in path: [UInt8], doctests: Bool) -> Bool {
        path.ends(with: ".rs") || doctests && (path.ends(with: ".py") || path.ends(with: ".pyi"))
    }

    /// Whether those parts differ.
    static func differ(_ path: [UInt8], old: ArraySlice<UInt8>, new: ArraySlice<UInt8>, doctests: Bool) -> Bool {
        if path.ends(with: ".rs") {
            return rustBlocks(old) != rustBlocks(new) || rustExamples(old) != rustExamples(new)
        }
        return canBe(in: path, doctests: doctests) && pythonExamples(old) != pythonExamples(new)
    }

    private static func lines(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            var line = line
            while let first = line.first, first <= 0x20 { line = line.dropFirst() }
            while let last = line.last, last <= 0x20 { line = line.dropLast() }
            return line
        }
    }

    /// From an attribute with the word `test` to the end of the block that follows it, as tokens: comments and spaces are nothing.
    static func rustBlocks(_ bytes: ArraySlice<UInt8>) -> [[SourceScanner.Token]] {
        guard Array(bytes).containsText("test") else { return [] }
        var scanner = SourceScanner(.init(singleQuotes: false), keepingCase: true)
        var tokens: [SourceScanner.Token] = []
        for line in lines(bytes) { tokens += scanner.tokens(of: line) }
        var blocks: [[SourceScanner.Token]] = []
        var index = 0
        while index < tokens.count {
            guard tokens[index] == .other(UInt8(ascii: "#")), let end = attributeEnd(tokens, from: index),
                tokens[index..<end].contains(where: {
                    if case .word(let word) = $0 { word.contains("test") || word == "bench" } else { false }
                })
            else {
                index += 1
                continue
            }
            var stop = end
            var depth = 0
            while stop < tokens.count {
                let token = tokens[stop]
                stop += 1
                if token == .other(UInt8(ascii: "{")) { depth += 1 }
                if token == .other(UInt8(ascii: "}")) { depth -= 1 }
                if depth <= 0, token == .other(UInt8(ascii: "}")) || (depth == 0 && token == .other(UInt8(ascii: ";"))) { break }
            }
            blocks.append(Array(tokens[index..<stop]))
            index = stop
        }
        return blocks
    }

    /// Behind the `]` of `#[…]`.
    private static func attributeEnd(_ tokens: [SourceScanner.Token], from index: Int) -> Int? {
        var depth = 0
        for position in (index + 1)..<min(tokens.count, index + 200) {
            if tokens[position] == .other(UInt8(ascii: "[")) { depth += 1 }
            if tokens[position] == .other(UInt8(ascii: "]")) {
                depth -= 1
                if depth == 0 { return position + 1 }
            }
            if depth == 0, position > index + 1 { return nil }
        }
        return nil
    }

    /// The code between fences in documentation comments.
    private static func rustExamples(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var isInside = false
        return lines(bytes).filter { line in
            guard line.starts(with: "///".utf8) || line.starts(with: "//!".utf8) else { return false }
            let isFence = line.dropFirst(3).drop { $0 == 0x20 }.starts(with: "```".utf8)
            defer { if isFence { isInside.toggle() } }
            return isInside || isFence
        }
    }

    /// From `>>>` to the next empty line or the end of the text.
    private static func pythonExamples(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var isInside = false
        return lines(bytes).filter { line in
            if line.starts(with: ">>>".utf8) {
                isInside = true
            } else if line.isEmpty || line.starts(with: "\"\"\"".utf8) || line.starts(with: "'''".utf8) {
                isInside = false
            }
            return isInside
        }
    }
}

extension [UInt8] {
    fileprivate func ends(with text: String) -> Bool { suffix(text.utf8.count).elementsEqual(text.utf8) }
}
