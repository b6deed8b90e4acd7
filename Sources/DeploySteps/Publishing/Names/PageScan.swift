/// What a page of HTML makes a browser fetch, by bytes and in one pass: the page is a stranger's.
///
/// Not a browser: it knows the attributes and scripts that build tools write. Links that a person follows are none of it.
package struct PageScan: Hashable, Sendable {
    /// As the page has them, entities read, in order, each once.
    package private(set) var references: [String] = []
    /// Of `<base href>`.
    package private(set) var base: String?
    /// Other hosts that it names, in references and in the text of scripts and styles, with their ports; sorted.
    package private(set) var hosts: [String] = []

    package init(_ html: [UInt8]) {
        var scanner = Scanner(html)
        var seen: Set<String> = []
        var hosts: Set<String> = []
        while let tag = scanner.next() {
            switch tag {
            case .raw(let text): hosts.formUnion(Self.hosts(in: text))
            case .element(let name, let attributes):
                if name == "base" {
                    if base == nil { base = attributes["href"] }
                    if let host = attributes["href"].flatMap(Self.host) { hosts.insert(host) }
                    continue
                }
                for reference in Self.fetched(name, attributes) {
                    if let host = Self.host(of: reference) {
                        hosts.insert(host)
                    } else if !Self.hasScheme(reference), !reference.hasPrefix("#"), !reference.isEmpty,
                        seen.insert(reference).inserted
                    {
                        references.append(reference)
                    }
                }
                for named in Self.contacted(name, attributes) {
                    if let host = Self.host(of: named) { hosts.insert(host) }
                }
                // Handlers and styles in attributes.
                for (key, value) in attributes where key.hasPrefix("on") || key == "style" || key == "srcdoc" {
                    hosts.formUnion(Self.hosts(in: Array(value.utf8)))
                }
            }
        }
        self.hosts = hosts.sorted()
    }

    /// What is fetched without a person doing anything, and has to be there.
    private static func fetched(_ name: String, _ attributes: [String: String]) -> [String] {
        switch name {
        case "script", "img", "source", "audio", "video", "track", "embed", "input":
            ["src", "poster"].compactMap { attributes[$0] } + set(attributes["srcset"])
        case "link":
            isFetched(attributes["rel"]) ? [attributes["href"]].compactMap(\.self) + set(attributes["imagesrcset"]) : []
        case "object": [attributes["data"]].compactMap(\.self)
        case "image", "use": [attributes["href"] ?? attributes["xlink:href"]].compactMap(\.self)
        default: []
        }
    }

    /// What may lead a browser to another host beside that; it need not be a file.
    private static func contacted(_ name: String, _ attributes: [String: String]) -> [String] {
        switch name {
        case "iframe", "frame": [attributes["src"]].compactMap(\.self)
        case "form": [attributes["action"]].compactMap(\.self)
        case "button", "input": [attributes["formaction"]].compactMap(\.self)
        case "link": namesOnly(attributes["rel"]) ? [] : [attributes["href"]].compactMap(\.self)
        case "meta": refresh(attributes).map { [$0] } ?? []
        default: []
        }
    }

    /// Of `<meta http-equiv=refresh content="0; url=…">`.
    private static func refresh(_ attributes: [String: String]) -> String? {
        guard attributes["http-equiv"]?.lowercased() == "refresh", let content = attributes["content"]?.lowercased(),
            let mark = content.firstRange(of: "url=")
        else { return nil }
        return String(content[mark.upperBound...]).trimming("'\" ")
    }

    private static func isFetched(_ relation: String?) -> Bool {
        let words = (relation ?? "").lowercased().split(separator: " ").map(String.init)
        return words.contains {
            ["stylesheet", "modulepreload", "preload", "icon", "manifest", "apple-touch-icon", "mask-icon", "prefetch"].contains($0)
        }
    }

    /// Relations by which a page says who it is; nothing is fetched.
    private static func namesOnly(_ relation: String?) -> Bool {
        let words = (relation ?? "").lowercased().split(separator: " ").map(String.init)
        return !words.isEmpty
            && words.allSatisfy { ["canonical", "alternate", "author", "license", "me", "help", "search"].contains($0) }
    }

    /// The URLs of a `srcset`.
    private static func set(_ text: String?) -> [String] {
        guard let text else { return [] }
        return text.split(separator: ",").compactMap { $0.split(whereSeparator: \.isWhitespace).first.map(String.init) }
    }

    /// The host that an absolute URL names, `//host` too; nil where it names none.
    package static func host(of reference: String) -> String? {
        // As browsers read it: white space and line ends go, a backslash is a slash.
        let text = reference.filter { !$0.isNewline && $0 != "\t" }.trimming(" ").replacing("\\", with: "/")
        let lower = text.lowercased()
        var rest: Substring
        if let scheme = ["https:", "http:", "wss:", "ws:", "ftp:"].first(where: { lower.hasPrefix($0) }) {
            rest = lower.dropFirst(scheme.count)
        } else if lower.hasPrefix("//") {
            rest = lower[...]
        } else {
            return nil
        }
        rest = rest.drop { $0 == "/" }
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let host = authority.split(separator: "@").last.map(String.init) ?? ""
        return host.isEmpty ? nil : String(host.prefix(253))
    }

    private static func hasScheme(_ reference: String) -> Bool {
        guard let colon = reference.firstIndex(of: ":") else { return false }
        return reference[..<colon].allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
    }

    /// Hosts behind `http://`, `https://` and the like in a script or a style.
    static func hosts(in text: [UInt8]) -> Set<String> {
        var found: Set<String> = []
        var at = text.startIndex
        while let slash = text[at...].firstIndex(of: 0x2F) {
            at = slash + 1
            guard slash + 1 < text.count, text[slash + 1] == 0x2F, slash > 0 else { continue }
            at = slash + 2
            let before = text[slash - 1]
            // `https://`, or `'//host` as it stands behind a quotation mark or a bracket.
            guard before == 0x3A || [0x22, 0x27, 0x60, 0x28].contains(before) else { continue }
            let host = text[at...].prefix { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                    || [0x2D, 0x2E, 0x3A, 0x5B, 0x5D].contains(byte)
            }
            guard host.count <= 253, host.contains(0x2E) || host.contains(0x5B) || host.starts(with: Array("localhost".utf8)) else {
                continue
            }
            let name = String(decoding: host, as: UTF8.self).lowercased().trimming(":.")
            // Names of vocabularies, that nobody fetches.
            if !name.isEmpty, !["www.w3.org"].contains(name) { found.insert(name) }
        }
        return found
    }
}

extension String {
    fileprivate func trimming(_ characters: String) -> String {
        var text = self[...]
        while let first = text.first, characters.contains(first) { text.removeFirst() }
        while let last = text.last, characters.contains(last) { text.removeLast() }
        return String(text)
    }
}

/// Tags and the text of scripts and styles, as HTML's tokenizer has them, without its finer points.
private struct Scanner {
    enum Piece {
        case element(String, [String: String])
        case raw([UInt8])
    }

    private let text: [UInt8]
    private var at = 0
    /// The element whose text is no HTML.
    private var inside: String?
    /// More than any page has; each is a name and a value.
    private static let mostAttributes = 256

    init(_ text: [UInt8]) {
        self.text = text
    }

    mutating func next() -> Piece? {
        if let name = inside {
            inside = nil
            return .raw(rawText(of: name))
        }
        while let open = text[at...].firstIndex(of: 0x3C) {
            at = open + 1
            guard at < text.count else { return nil }
            if text[at...].starts(with: [0x21, 0x2D, 0x2D]) {
                at = end(of: [0x2D, 0x2D, 0x3E], from: at + 3)
                continue
            }
            guard isLetter(text[at]) else { continue }
            let name = word { !isSpace($0) && $0 != 0x2F && $0 != 0x3E }.lowercased()
            let attributes = self.attributes()
            if ["script", "style"].contains(name) { inside = name }
            return .element(name, attributes)
        }
        at = text.count
        return nil
    }

    /// Behind the next of these bytes; the end where there is none.
    private func end(of mark: [UInt8], from start: Int) -> Int {
        var position = start
        while position < text.count, let first = text[position...].firstIndex(of: mark[0]) {
            if text[first...].starts(with: mark) { return first + mark.count }
            position = first + 1
        }
        return text.count
    }

    private mutating func rawText(of name: String) -> [UInt8] {
        let start = at
        let bytes = Array(name.utf8)
        while let open = text[at...].firstIndex(of: 0x3C) {
            at = open + 1
            guard at + bytes.count < text.count, text[at] == 0x2F else { continue }
            let word = text[(at + 1)...].prefix(bytes.count).map { $0 | 0x20 }
            let behind = text.dropFirst(at + 1 + bytes.count).first ?? 0x3E
            if word == bytes, isSpace(behind) || behind == 0x2F || behind == 0x3E { return Array(text[start..<open]) }
        }
        at = text.count
        return Array(text[start...])
    }

    private mutating func attributes() -> [String: String] {
        var found: [String: String] = [:]
        while at < text.count, text[at] != 0x3E {
            if isSpace(text[at]) || text[at] == 0x2F {
                at += 1
                continue
            }
            let start = at
            let name = word { !isSpace($0) && $0 != 0x3D && $0 != 0x3E && $0 != 0x2F }.lowercased()
            skipSpace()
            var value = ""
            if at < text.count, text[at] == 0x3D {
                at += 1
                skipSpace()
                value = attributeValue()
            }
            // Of two with one name the first counts.
            if !name.isEmpty, found[name] == nil, found.count < Self.mostAttributes { found[name] = value }
            if at == start { at += 1 }
        }
        if at < text.count { at += 1 }
        return found
    }

    private mutating func attributeValue() -> String {
        guard at < text.count else { return "" }
        let quote = text[at]
        guard quote == 0x22 || quote == 0x27 else { return Entities.read(word { !isSpace($0) && $0 != 0x3E }) }
        at += 1
        let value = word { $0 != quote }
        at = min(at + 1, text.count)
        return Entities.read(value)
    }

    private mutating func word(_ belongs: (UInt8) -> Bool) -> String {
        let end = text[at...].firstIndex { !belongs($0) } ?? text.count
        defer { at = end }
        return String(decoding: text[at..<end], as: UTF8.self)
    }

    private mutating func skipSpace() {
        while at < text.count, isSpace(text[at]) { at += 1 }
    }

}

private func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x09, 0x0A, 0x0C, 0x0D].contains(byte) }
private func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }

/// Character references, as far as they occur in URLs.
private enum Entities {
    static func read(_ text: String) -> String {
        guard text.contains("&") else { return text }
        var result = ""
        var rest = text[...]
        while let mark = rest.firstIndex(of: "&") {
            result += rest[..<mark]
            rest = rest[mark...]
            let name = rest.dropFirst().prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "#") }
            if name.count <= 10, let scalar = scalar(name) {
                result.unicodeScalars.append(scalar)
                rest = rest.dropFirst(1 + name.count)
                if rest.first == ";" { rest.removeFirst() }
            } else {
                result += "&"
                rest.removeFirst()
            }
        }
        return result + rest
    }

    private static func scalar(_ name: Substring) -> Unicode.Scalar? {
        if name.hasPrefix("#x") || name.hasPrefix("#X") { return UInt32(name.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init) }
        if name.hasPrefix("#") { return UInt32(name.dropFirst()).flatMap(Unicode.Scalar.init) }
        let known: [Substring: Unicode.Scalar] = [
            "amp": "&", "quot": "\"", "apos": "'", "lt": "<", "gt": ">", "sol": "/", "colon": ":", "period": ".", "bsol": "\\",
            "Tab": "\t",
            "NewLine": "\n", "num": "#", "quest": "?", "equals": "=", "commat": "@",
        ]
        return known[name]
    }
}
