/// Looks for hints in one changed file: pure, bounded by the file's size.
package enum HintScan {
    /// Code that is larger is not looked through, and that is said.
    package static let byteLimit = 1 << 20

    /// Whether its new lines are looked through: whether its language is known.
    package static func isCode(_ path: [UInt8], content: ArraySlice<UInt8>) -> Bool {
        HintRules.of(String(decoding: path, as: UTF8.self), firstLine: firstLine(content)) != nil
    }

    private static func firstLine(_ content: ArraySlice<UInt8>) -> String {
        String(decoding: content.prefix(200).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// What the file's path and first bytes say. For each file that is new or has new content.
    package static func hints(path: [UInt8], isNew: Bool, content: ArraySlice<UInt8>) -> [Hint] {
        let text = String(decoding: path, as: UTF8.self)
        var hints: [Hint] = []
        func add(_ kind: Hint.Kind) { hints.append(Hint(kind: kind, path: text)) }
        let names = text.split(separator: "/").map { $0.lowercased() }
        guard let name = names.last else { return [] }
        let suffix = name.contains(".") ? name.split(separator: ".").last.map(String.init) ?? "" : ""
        if ModuleNames.compiledSuffixes.contains(suffix) || ModuleNames.magic.contains(where: { content.starts(with: $0) }) {
            add(.compiled)
        }
        if names.contains(where: { name in ModuleNames.metadataSuffixes.contains { name.hasSuffix($0) } }) { add(.metadata) }
        if isNew {
            if ModuleNames.isShadowed(names) { add(.shadow) }
            if text.split(separator: "/").contains(where: mixesAlphabets) { add(.lookalike) }
        }
        return hints
    }

    /// What new lines of a program say.
    ///
    /// - Parameters:
    ///   - old: what was there before; a line that stood anywhere in it is not new.
    ///   - isUntried: whether nobody tries that the tests notice a failure: what ends a program as if all were well is asked about then.
    package static func hints(
        path: [UInt8], old: ArraySlice<UInt8>, new: ArraySlice<UInt8>, isUntried: Bool = false
    ) -> [Hint] {
        let path = String(decoding: path, as: UTF8.self)
        let text = new.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard let rules = HintRules.of(path, firstLine: firstLine(new)) else { return [] }
        var known: [ArraySlice<UInt8>: Int] = [:]
        for line in old.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            known[trimmed(line), default: 0] += 1
        }
        var scanner = SourceScanner(rules.syntax)
        var library = LibraryNames()
        var hints: [Hint] = []
        /// A comparing function whose body is to come.
        var comparing: (operand: String?, isNew: Bool)?
        var lines = JoinedLines()
        for (index, line) in text.enumerated() {
            let own = scanner.tokens(of: line)
            let key = trimmed(line)
            let isOwnNew = known[key, default: 0] == 0
            if !isOwnNew { known[key, default: 0] -= 1 }
            let beginning = lines.beginning(of: own, isNew: isOwnNew)
            let tokens = beginning.tokens + own
            let isNew = isOwnNew || beginning.isNew
            library.take(tokens, rules.language)
            var kinds: Set<Hint.Kind> = []
            if isNew {
                kinds = rules.all(tokens, library)
                // What the line before says by itself has been said.
                if !beginning.tokens.isEmpty, !beginning.isList { kinds.subtract(rules.all(beginning.tokens, library)) }
            }
            if isOwnNew {
                if !beginning.tokens.isEmpty { kinds.formUnion(rules.all(own, library)) }
                if isUntried, rules.endsWell(own, library) { kinds.insert(.ending) }
                if rules.shadows(tokens, isAtTop: line.first.map { $0 > 0x20 } ?? false) { kinds.insert(.shadow) }
                // Directives that are comments.
                if key.starts(with: "//go:linkname".utf8) { kinds.insert(.interpreter) }
                if index < 2, rules.language == .python, namesEncoding(key) { kinds.insert(.hidden) }
            }
            if isNew, rules.saysEquality(tokens) {
                kinds.insert(.equality)
            } else if rules.beginsComparison(tokens) {
                let operand = rules.operand(of: tokens)
                comparing = (operand, isNew)
                if isNew, rules.isDeaf(rules.body(of: tokens), to: operand) { kinds.insert(.equality) }
            } else if let begun = comparing, own.contains(where: HintRules.isStatement) {
                if isNew || begun.isNew, rules.isDeaf(own, to: begun.operand) { kinds.insert(.equality) }
                comparing = nil
            }
            for kind in kinds.sorted(by: { $0.rawValue < $1.rawValue }) {
                hints.append(
                    Hint(kind: kind, path: path, line: index + 1, text: String(decoding: key.prefix(400), as: UTF8.self)))
            }
        }
        return hints
    }

    /// A line that says in which encoding the file is: another than everybody's shows one thing and is another.
    private static func namesEncoding(_ line: ArraySlice<UInt8>) -> Bool {
        guard line.first == UInt8(ascii: "#"), let range = String(decoding: line, as: UTF8.self).firstRange(of: "coding") else {
            return false
        }
        let rest = String(decoding: line, as: UTF8.self)[range.upperBound...]
        guard let sign = rest.first, sign == ":" || sign == "=" else { return false }
        let name = rest.dropFirst().drop { $0 == " " || $0 == "\t" }.prefix { $0.isLetter || $0.isNumber || "-_.".contains($0) }
        let plain = ["utf8", "ascii", "usascii", "latin1", "iso88591", "iso885915", "cp1252", "utf8sig"]
        return !plain.contains(name.lowercased().filter { $0.isLetter || $0.isNumber })
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line
        while let first = line.first, first <= 0x20 { line = line.dropFirst() }
        while let last = line.last, last <= 0x20 { line = line.dropLast() }
        return line
    }

    /// Latin letters beside Greek or Cyrillic ones in one word (`tеsts` with a Cyrillic `е`), full-width ones, or what is not seen at all.
    private static func mixesAlphabets(_ name: Substring) -> Bool {
        let scalars = name.unicodeScalars
        if scalars.contains(where: { (0xFF00...0xFF5E).contains($0.value) || $0.properties.generalCategory == .format }) {
            return true
        }
        return scalars.split { !$0.properties.isAlphabetic }.contains { word in
            word.contains { $0.isASCII }
                && word.contains { (0x370...0x52F).contains($0.value) || (0x1F00...0x1FFF).contains($0.value) }
        }
    }
}
