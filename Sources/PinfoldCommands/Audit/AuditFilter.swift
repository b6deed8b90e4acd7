internal import AuditLog
internal import CommandLineSupport
internal import LinuxSystem
internal import Patterns
internal import ZonePolicy

/// Which records are shown.
struct AuditFilter {
    private let denied: Bool
    /// Of the same form as the records' times, which are in the order of their texts.
    private let since: String?
    private let glob: Glob?

    init(denied: Bool, since: String?, path: String?) throws(CommandFailure) {
        self.denied = denied
        self.since = if let since { try Self.time(since, now: SystemClock.now) } else { nil }
        do {
            glob = try path.map { text throws(GlobError) in try Glob(text) }
        } catch {
            throw CommandFailure(.usage, "--path: \(error)")
        }
    }

    func matches(_ record: AuditRecord) -> Bool {
        if denied, record.rule == nil { return false }
        if let since, record.time < since { return false }
        guard let glob else { return true }
        return [record.path, record.second].contains { text in
            guard let text, !text.isEmpty else { return false }
            return glob.matches(AuditText.unescape(text).split(separator: UInt8(ascii: "/")).map(Array.init))
        }
    }

    /// A date, a time in UTC, or how long ago.
    static func time(_ text: String, now: Timestamp) throws(CommandFailure) -> String {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        if let unit = text.last.flatMap({ units[$0] }), let number = Int64(text.dropLast()), (0...1_000_000_000).contains(number) {
            return Timestamp(seconds: max(now.seconds - number * unit, 0), nanoseconds: now.nanoseconds).text
        }
        let form = "0000-00-00T00:00:00.000000000Z"
        let whole: Bool =
            switch text.count {
            case 10: true
            case 20...30: text.hasSuffix("Z") && text.count != 21
            default: false
            }
        let given = text.count == 10 ? text : String(text.dropLast())
        let fits = zip(given, form).allSatisfy { character, expected in
            expected == "0" ? character.isASCII && character.isNumber : character == expected
        }
        guard whole, fits, isThere(given) else {
            throw CommandFailure(
                .usage,
                "--since: '\(text)' is no time; write 2026-01-31, 2026-01-31T12:00:00Z (UTC), or 90s, 15m, 2h, 3d for how long ago")
        }
        return given + (given.count == 19 ? "." : "") + form.dropFirst(given.count == 19 ? 20 : given.count)
    }

    /// Whether the calendar and the clock have such a moment.
    private static func isThere(_ text: String) -> Bool {
        let numbers = text.prefix(19).split { "-T:".contains($0) }.compactMap { Int($0) }
        let (year, month, day) = (numbers[0], numbers[1], numbers[2])
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard (1...12).contains(month), (1...days[month - 1]).contains(day) else { return false }
        return zip(numbers.dropFirst(3), [23, 59, 59]).allSatisfy { $0 <= $1 }
    }
}
