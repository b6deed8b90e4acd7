internal import PlainText

/// From what a page names to the file of the build that it means.
package struct PageReference: Hashable, Sendable {
    package enum Meaning: Hashable, Sendable {
        /// A path of the build.
        case file(String)
        /// Served by somebody else on the same host.
        case elsewhere
        /// Above the top, or not a path.
        case nonsense
    }

    /// - Parameters:
    ///   - reference: relative, or absolute on the page's own host.
    ///   - base: the path below which the client is served, `/` at both ends.
    ///   - pageBase: what the page says by `<base href>`.
    package static func meaning(of reference: String, base: String = "/", pageBase: String? = nil) -> Meaning {
        let plain = reference.prefix { $0 != "?" && $0 != "#" }.trimmed
        // The page itself.
        if plain.isEmpty { return .elsewhere }
        guard let path = decoded(plain) else { return .nonsense }
        var start = base
        if let pageBase, PageScan.host(of: pageBase) == nil, let text = decoded(pageBase.prefix { $0 != "?" && $0 != "#" }.trimmed)
        {
            start = text.hasPrefix("/") ? text : base + text
        }
        let directory = start[..<(start.lastIndex(of: "/").map { start.index(after: $0) } ?? start.startIndex)]
        let whole = path.hasPrefix("/") ? path : directory + path
        var names: [Substring] = []
        for name in whole.split(separator: "/") {
            switch name {
            case ".": continue
            case "..": if names.popLast() == nil { return .nonsense }
            default: names.append(name)
            }
        }
        let top = base.split(separator: "/")
        guard names.starts(with: top) else { return .elsewhere }
        names.removeFirst(top.count)
        if names.isEmpty || whole.hasSuffix("/") {
            return .file((names.map(String.init) + [ClientPath.index]).joined(separator: "/"))
        }
        return .file(names.joined(separator: "/"))
    }

    /// The request's target for a file of the build.
    package static func target(of path: String, base: String) -> String {
        base + PercentEncoding.encoded(path, keeping: [UInt8(ascii: "/")])
    }

    /// nil where it is not UTF-8 once percent signs are read, or holds a NUL.
    private static func decoded(_ text: String) -> String? {
        guard text.contains("%") else { return text }
        let bytes = PercentEncoding.decoded(text)
        return bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var text = self
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
