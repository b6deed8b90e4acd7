internal import Patterns
internal import PlainText

/// What is wrong with a policy's text.
package struct PolicyFault: Error, Hashable, Sendable, CustomStringConvertible {
    package let line: Int
    package let reason: String

    package init(line: Int, _ reason: String) {
        self.line = line
        self.reason = reason
    }

    package var description: String { line > 0 ? "line \(line): \(reason)" : reason }
}

extension ApprovalPolicy {
    /// A policy's text without comments, empty lines and spaces that mean nothing: what its digest is made from.
    package static func meaning(of text: String) -> String {
        lines(text).map { line in
            guard let equals = line.text.firstIndex(of: "=") else { return String(line.text) }
            return "\(trimmed(line.text[..<equals]))=\(trimmed(line.text[line.text.index(after: equals)...]))"
        }.joined(separator: "\n")
    }

    /// Sections in brackets with `key = value` lines, comments with `#` at the start of a line.
    /// - Parameter digest: of ``meaning(of:)``.
    package init(parsing text: String, digest: String) throws(PolicyFault) {
        var parser = PolicyParser()
        for line in Self.lines(text) { try parser.take(line.text, line.number) }
        self = try parser.policy(digest)
    }

    private static func lines(_ text: String) -> [(number: Int, text: Substring)] {
        // By bytes: to Swift a carriage return and a line feed are one character.
        text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated().compactMap { index, bytes in
            let line = trimmed(Substring(bytes))
            return line.isEmpty || line.hasPrefix("#") ? nil : (index + 1, line)
        }
    }

    fileprivate static func trimmed(_ text: Substring) -> Substring {
        let blanks: Set<Unicode.Scalar> = [" ", "\t", "\r"]
        var scalars = text.unicodeScalars[...]
        while let first = scalars.first, blanks.contains(first) { scalars.removeFirst() }
        while let last = scalars.last, blanks.contains(last) { scalars.removeLast() }
        return Substring(scalars)
    }
}

private struct PolicyParser {
    private enum Section {
        case none
        case person(Int)
        case group(String)
        case rule(Int)
        case force
    }

    private typealias Policy = ApprovalPolicy

    private var section = Section.none
    private var people: [Policy.Person] = []
    private var rules: [Policy.Rule] = []
    private var groups: [String: [String]] = [:]
    private var groupLines: [String: Int] = [:]
    private var rootMayForce = false
    /// Keys of the section that have been said.
    private var said: Set<String> = []
    /// Whose a key, a passkey or an author is.
    private var owners: [String: String] = [:]
    private var headings: Set<String> = []

    mutating func take(_ line: Substring, _ number: Int) throws(PolicyFault) {
        func fault(_ reason: String) -> PolicyFault { PolicyFault(line: number, reason) }
        if line.hasPrefix("[") {
            guard line.hasSuffix("]") else { throw fault("“\(String(line).plain())” has no closing bracket") }
            return try open(line.dropFirst().dropLast().split(whereSeparator: { " \t".contains($0) }).map(String.init), number)
        }
        guard let equals = line.firstIndex(of: "=") else {
            throw fault("“\(String(line).plain())” is neither a [section], nor a line `key = value`, nor a comment after #")
        }
        let key = String(Policy.trimmed(line[..<equals]))
        let value = String(Policy.trimmed(line[line.index(after: equals)...]))
        guard !value.isEmpty else { throw fault("`\(key.plain())` has no value") }
        let isFirst = said.insert(key).inserted
        func once() throws(PolicyFault) { if !isFirst { throw fault("`\(key)` is set twice in this section") } }
        func unknown(_ known: String) -> PolicyFault { fault("“\(key.plain())” is not a key of this section: it knows \(known)") }
        switch section {
        case .none: throw fault("`\(key.plain())` stands before the first section")
        case .person(let index):
            switch key {
            case "author":
                let author = value.lowercased()
                try own("author \(author)", people[index].name, "the author “\(value.plain())”", number)
                people[index].authors.append(author)
            case "key":
                let read = try sshKey(value, number)
                try own("key \(read.base64)", people[index].name, "the key \(read.label.plain())", number)
                people[index].keys.append(read)
            case "passkey":
                let read = try passkey(value, number)
                try own("passkey \(read.id)", people[index].name, "the \(read.label.plain())", number)
                people[index].passkeys.append(read)
            default: throw unknown("author, key, passkey")
            }
        case .group(let name):
            guard key == "members" else { throw unknown("members") }
            try once()
            groups[name] = try list(value, number)
        case .rule(let index):
            try once()
            switch key {
            case "paths":
                for text in try list(value, number) {
                    do throws(GlobError) {
                        rules[index].paths.append(try Glob(text))
                    } catch { throw fault("\(error)") }
                }
            case "reasons":
                for text in try list(value, number) {
                    guard let reason = ApprovalReason(rawValue: text) else {
                        let known = ApprovalReason.allCases.map(\.rawValue).joined(separator: ", ")
                        throw fault("“\(text.plain())” is no reason for asking; reasons are \(known)")
                    }
                    rules[index].reasons.append(reason)
                }
            case "from": rules[index].from = try list(value, number)
            case "need":
                guard let need = Int(value), (1...100).contains(need) else {
                    throw fault("“\(value.plain())” people cannot be needed: give a number from 1 to 100")
                }
                rules[index].need = need
            case "expires":
                guard let milliseconds = Self.duration(value) else {
                    throw fault("“\(value.plain())” is no time: give minutes, hours or days, as 30m, 12h or 7d")
                }
                rules[index].expires = milliseconds
            default: throw unknown("paths, reasons, from, need, expires")
            }
        case .force:
            guard key == "from" else { throw unknown("from") }
            try once()
            guard value == Policy.root else {
                throw fault("force is asked for on the machine, so only `from = root` can be said of it")
            }
            rootMayForce = true
        }
    }

    private mutating func open(_ words: [String], _ number: Int) throws(PolicyFault) {
        func fault(_ reason: String) -> PolicyFault { PolicyFault(line: number, reason) }
        said = []
        let heading = words.joined(separator: " ")
        guard headings.insert(heading).inserted else { throw fault("[\(heading.plain())] is there twice") }
        if words == ["force"] { section = .force; return }
        guard words.count == 2, ["person", "group", "rule"].contains(words[0]) else {
            throw fault("“[\(heading.plain())]” is no section: there are [person NAME], [group NAME], [rule NAME] and [force]")
        }
        let name = words[1]
        guard Self.isName(name) else {
            throw fault("“\(name.plain())” is no name: small letters, digits, and - _ . after the first, at most 64")
        }
        if words[0] != "rule" {
            guard name != Policy.root else { throw fault("`root` is who is root on this machine, and nobody else's name") }
            guard people.allSatisfy({ $0.name != name }), groups[name] == nil else {
                throw fault("\(name) is the name of a person and of a group")
            }
        }
        switch words[0] {
        case "person":
            people.append(Policy.Person(name: name))
            section = .person(people.count - 1)
        case "group":
            groups[name] = []
            groupLines[name] = number
            section = .group(name)
        default:
            if let last = rules.last, last.line > 0, last.matchesAll, !last.from.isEmpty {
                throw fault(
                    "rule \(name) is never reached: rule \(last.name) before it has neither paths nor reasons, and so matches everything"
                )
            }
            rules.append(Policy.Rule(name: name, line: number, from: []))
            section = .rule(rules.count - 1)
        }
    }

    func policy(_ digest: String) throws(PolicyFault) -> ApprovalPolicy {
        for (group, members) in groups.sorted(by: { $0.key < $1.key }) {
            let line = groupLines[group] ?? 0
            guard !members.isEmpty else { throw PolicyFault(line: line, "group \(group) has no members") }
            for member in members where !people.contains(where: { $0.name == member }) {
                throw PolicyFault(line: line, "group \(group) names “\(member.plain())”, who is no person of this file")
            }
        }
        var policy = ApprovalPolicy(rules: rules, rootMayForce: rootMayForce, digest: digest)
        policy.people = people
        policy.groups = groups
        for rule in rules {
            func fault(_ reason: String) -> PolicyFault { PolicyFault(line: rule.line, "rule \(rule.name): \(reason)") }
            guard !rule.from.isEmpty else { throw fault("`from` is missing: who may answer") }
            for name in rule.from where name != Policy.root && groups[name] == nil && policy.person(name) == nil {
                throw fault("“\(name.plain())” is no person and no group of this file")
            }
            let names = policy.names(from: rule)
            guard names.count >= rule.need else { throw fault("it needs \(rule.need) people and names \(names.count)") }
            if rule.need > 1, names.contains(Policy.root) {
                throw fault(
                    "`root` is nobody in particular, and may be one of the others: it cannot be among several who are needed")
            }
        }
        guard let last = rules.last else { throw PolicyFault(line: 0, "there is no [rule NAME], so nobody could answer") }
        guard last.matchesAll else {
            throw PolicyFault(
                line: last.line,
                "the last rule, \(last.name), has to be about everything else: it may have neither paths nor reasons")
        }
        return policy
    }

    private mutating func own(_ what: String, _ name: String, _ words: String, _ number: Int) throws(PolicyFault) {
        guard let owner = owners[what] else { return owners[what] = name }
        throw PolicyFault(
            line: number, owner == name ? "\(words) is there twice" : "\(words) is \(owner)'s already: one person has one name")
    }

    private func list(_ value: String, _ number: Int) throws(PolicyFault) -> [String] {
        let entries = value.split(separator: ",", omittingEmptySubsequences: false).map { String(Policy.trimmed($0)) }
        guard entries.allSatisfy({ !$0.isEmpty }) else { throw PolicyFault(line: number, "an entry between two commas is empty") }
        guard Set(entries).count == entries.count else { throw PolicyFault(line: number, "an entry is there twice") }
        return entries
    }

    private static func isName(_ text: String) -> Bool {
        let letters = Array(text.utf8)
        guard let first = letters.first, letters.count <= 64 else { return false }
        func isPlain(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
        return isPlain(first) && letters.allSatisfy { isPlain($0) || "-_.".utf8.contains($0) }
    }

    /// In milliseconds.
    private static func duration(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let unit = text.last.flatMap({ units[$0] }), let number = Int64(text.dropLast()), (1...10_000).contains(number)
        else { return nil }
        return number * unit
    }
}
