/// What a test is known by: file, suites, class and name, each only where what is left does not say it already, so that it reads as the runner's own words do. It depends on nothing but the test
/// itself, so that no other test's coming or going changes it.
struct TestName {
    var file: String?
    /// The outer suites, joined.
    var suites = ""
    var suite = ""
    var className: String?
    var name: String

    var id: String {
        var className = className ?? ""
        var suite = suite
        var file = file ?? ""
        if className == name || Self.tells(suite, atItsEnd: className) { className = className == suite ? className : "" }
        let rest = className.isEmpty ? name : className
        if Self.tells(rest, suite) { suite = "" }
        if Self.tells(className, file.withoutSuffix) || Self.tells(className, file) || Self.tells(suite, file) { file = "" }
        return [file, suites, suite, className, name].filter { !$0.isEmpty }.joined(separator: "::")
    }

    static func joined(_ suites: String, _ suite: String) -> String {
        let text = suites.isEmpty || suite.isEmpty || suites == suite ? (suite.isEmpty ? suites : suite) : suites + "::" + suite
        return TestReport.Test.bounded(text)
    }

    /// Whether `text` is the other, or begins with it and something that is no letter: `tests.test_a.T` tells `tests/test_a`.
    private static func tells(_ text: String, _ other: String) -> Bool {
        guard !other.isEmpty, text.utf8.count >= other.utf8.count,
            zip(text.utf8, other.utf8).allSatisfy({ separated($0) == separated($1) })
        else { return false }
        return text.utf8.dropFirst(other.utf8.count).first.map { !isWord($0) } ?? true
    }

    private static func tells(_ text: String, atItsEnd other: String) -> Bool {
        guard !other.isEmpty, text.utf8.suffix(other.utf8.count).elementsEqual(other.utf8) else { return false }
        return text.utf8.dropLast(other.utf8.count).last.map { !isWord($0) } ?? true
    }

    private static func separated(_ byte: UInt8) -> UInt8 {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") ? UInt8(ascii: ".") : byte
    }

    fileprivate static func isWord(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == UInt8(ascii: "_") || isDigit(byte) || (0x41...0x5A).contains(byte & 0xDF)
    }

    fileprivate static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    // What is another by each run.

    /// Paths below the directories where the copy lay, as paths of the tree.
    static func inTree(_ text: String, _ roots: [String]) -> String {
        var text = TestReport.Test.bounded(text)
        for root in roots where text.utf8.contains(UInt8(ascii: "/")) {
            for beginning in ["file://" + root, root] {
                var result: [UInt8] = []
                var rest = Array(text.utf8)[...]
                while let found = rest.firstRange(of: Array(beginning.utf8)) {
                    let after = rest[found.upperBound...].first
                    let before = rest[..<found.lowerBound].last
                    let isWhole = before.map { !isWord($0) && !"./-".utf8.contains($0) } ?? true
                    if isWhole, after == UInt8(ascii: "/") {
                        result += rest[..<found.lowerBound]
                        rest = rest[(found.upperBound + 1)...]
                    } else if isWhole, after == nil {
                        result += rest[..<found.lowerBound] + [UInt8(ascii: ".")]
                        rest = []
                    } else {
                        result += rest[..<found.upperBound]
                        rest = rest[found.upperBound...]
                    }
                }
                text = String(decoding: result + rest, as: UTF8.self)
            }
        }
        return text.hasPrefix("./") ? String(text.dropFirst(2)) : text
    }

    /// What suites of all tests are called, by the runner and not by who wrote the tests.
    private static let runners: Set<String> = [
        "pytest", "nosetests", "nose2-junit", "jest tests", "Mocha Tests", "Root Suite", "rspec", "TestResults", "AllTests",
        "nextest-run", "(empty)",
    ]

    /// A suite's name without times, hosts, ports, process numbers, random directories and the like.
    static func lasting(_ name: String, hosts: [String]) -> String {
        guard !runners.contains(name) else { return "" }
        var bytes = Array(TestReport.Test.bounded(name).utf8)
        for host in hosts where host.utf8.count > 2 && host.utf8.count < 256 {
            guard let found = bytes.firstRange(of: Array(host.utf8)) else { continue }
            let isWhole =
                !(bytes[..<found.lowerBound].last.map(isWord) ?? false) && !(bytes[found.upperBound...].first.map(isWord) ?? false)
            if isWhole { bytes.replaceSubrange(found, with: "…".utf8) }
        }
        var result: [UInt8] = []
        var at = 0
        while at < bytes.count {
            let follows = at > 0 && isWord(bytes[at - 1])
            guard isDigit(bytes[at]) ? !follows || !isDigit(bytes[at - 1]) : isHex(bytes[at]) && !follows else {
                result.append(bytes[at])
                at += 1
                continue
            }
            if let end = passing(bytes, at) {
                result += "…".utf8
                at = end
            } else {
                repeat {
                    result.append(bytes[at])
                    at += 1
                } while at < bytes.count && isDigit(bytes[at]) && isDigit(bytes[at - 1])
            }
        }
        // `T-20260131` is `T`.
        while result.count > 3, result.suffix(3).elementsEqual("…".utf8) {
            result.removeLast(3)
            while let last = result.last, !isWord(last) { result.removeLast() }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x66).contains(byte | 0x20) }

    /// The end of a day or time (`2026-01-31T12:30:00`, `20260131123000`), a UUID, a sum in hexadecimal digits or a port that begins at `start`; nil where none does.
    private static func passing(_ bytes: [UInt8], _ start: Int) -> Int? {
        func run(_ holds: (UInt8) -> Bool) -> Int {
            var index = start
            while index < bytes.count, index < start + 80, holds(bytes[index]) { index += 1 }
            return index
        }
        let hex = run { isHex($0) || $0 == UInt8(ascii: "-") }
        let groups = bytes[start..<hex].split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false).map(\.count)
        if hex == bytes.count || !isWord(bytes[hex]), groups == [8, 4, 4, 4, 12] || groups.count == 1 && groups[0] >= 32 {
            return hex
        }
        guard isDigit(bytes[start]) else { return nil }
        let digits = run(isDigit)
        if digits - start >= 10 { return digits }
        if start > 0, bytes[start - 1] == UInt8(ascii: ":"), (4...5).contains(digits - start) { return digits }
        guard digits - start == 8 || digits - start == 4 else { return nil }
        var end = run { isDigit($0) || "-:.TZ+ _".utf8.contains($0) }
        let parts = bytes[start..<end].split(whereSeparator: { !isDigit($0) }).map(\.count)
        let isDay =
            parts[0] == 8 && bytes[start...].starts(with: "20".utf8)
            || parts.count >= 3 && parts[0] == 4 && parts[1] == 2 && parts[2] == 2
        guard isDay else { return nil }
        // What separates it from what follows stays.
        while !isDigit(bytes[end - 1]), bytes[end - 1] != UInt8(ascii: "Z") { end -= 1 }
        return end
    }
}

extension String {
    /// Without what stands after the last dot of its last name.
    fileprivate var withoutSuffix: String {
        guard let dot = lastIndex(of: "."), !self[dot...].contains("/") else { return self }
        return String(self[..<dot])
    }
}
