package import Patterns

/// Where in the tree a run leaves its report: a path from the tree's top, or a pattern of such paths.
///
/// Files that it names or matches are the report, whatever they are called; of what lies below a directory that it names or matches, files that end in `.xml`.
package struct ReportPattern: Hashable, Sendable, CustomStringConvertible {
    package let description: String
    private let glob: Glob
    /// The names that it begins with: everything that it matches is that, or lies below.
    package let base: [[UInt8]]

    package init(_ text: String) throws(GlobError) {
        description = text
        var glob = try Glob("/" + text)
        // What is inside a directory is what the directory's own name means.
        if glob.segments.last == .anyDepth { glob = try Glob("/" + text.reversed().drop { $0 == "*" || $0 == "/" }.reversed()) }
        self.glob = glob
        base = Array(
            glob.segments.prefix { if case .literal = $0 { true } else { false } }.compactMap {
                if case .literal(let name) = $0 { name } else { nil }
            })
    }

    /// The one path that it means; nil where it has a wildcard.
    package var path: String? { glob.literalPath.map { String(decoding: $0.dropFirst(), as: UTF8.self) } }

    package enum Match: Hashable, Sendable {
        case itself
        /// It lies below a directory that matches.
        case below
        case no
    }

    package func match(_ path: [[UInt8]]) -> Match {
        guard glob.matches(path) else { return .no }
        return glob.matches(path.dropLast()) ? .below : .itself
    }

    /// Whether a file is of the report.
    package func takes(_ path: [[UInt8]]) -> Bool {
        switch match(path) {
        case .itself: true
        case .below: path.last?.suffix(4).elementsEqual(".xml".utf8) ?? false
        case .no: false
        }
    }

    /// Whether something below a directory may be of the report.
    package func leads(into path: [[UInt8]]) -> Bool {
        let segments = glob.segments
        if match(path) != .no || segments.prefix(path.count).contains(.anyDepth) { return true }
        return path.count < segments.count && zip(segments, path).allSatisfy { $0.matches($1.span) }
    }
}
