internal import DeployModel
internal import PlainText

/// A result for people: labels on the left, what belongs to them aligned on the right.
struct Sheet {
    private var rows: [(label: String, lines: [String])] = []

    /// Texts may be the agent's: control characters are escaped, line ends too, so that nobody writes a row of their own.
    mutating func add(_ label: String, _ lines: [String?]) {
        let shown = lines.compactMap { $0.map { $0.plain() } }
        if !shown.isEmpty { rows.append((label, shown)) }
    }

    mutating func add(_ label: String, _ line: String?) {
        add(label, [line])
    }

    var text: String {
        let width = (rows.map(\.label.count).max() ?? 0) + 2
        return rows.flatMap { row in
            row.lines.enumerated().map { index, line in padded(index == 0 ? row.label : "", width) + line }
        }.joined(separator: "\n")
    }
}

/// Rows whose columns are as wide as their widest entry; the last column takes what it needs.
func table(_ rows: [[String]]) -> String {
    let escaped = rows.map { $0.map { $0.plain() } }
    let columns = escaped.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in escaped.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
    return escaped.map { row in
        row.enumerated().map { index, cell in index == row.count - 1 ? cell : padded(cell, widths[index] + 2) }.joined()
    }.joined(separator: "\n")
}

private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

extension Timestamp {
    /// To the second: `2026-01-31 23:59:59Z`.
    var shown: String {
        let text = description
        return text.prefix(10) + " " + text.dropFirst(11).prefix(8) + "Z"
    }
}
