/// Start and end tags of an XML document, in order and balanced: as much of XML as test reports use. Text is passed over. A document type that declares something is refused, since entities could
/// make a small report large or read other files.
struct XMLScanner {
    enum Token: Equatable {
        /// Names without the prefix of a namespace.
        case start(name: String, attributes: [String: String])
        case end(name: String)
    }

    private let bytes: [UInt8]
    private var at: Int
    /// The elements that are open, as they are written.
    private var open: [Range<Int>] = []
    private var sawRoot = false
    private var isEmptyElement = false

    /// Elements within each other: reports have a handful.
    static let mostDepth = 1000
    private static let longestName = 1024

    init(_ bytes: [UInt8]) throws(ReportFault) {
        (self.bytes, at) = try XMLText.utf8(bytes)
    }

    /// nil at the end of a whole document.
    mutating func next() throws(ReportFault) -> Token? {
        if isEmptyElement, let range = open.popLast() {
            isEmptyElement = false
            return .end(name: localName(range))
        }
        while at < bytes.count {
            guard bytes[at] == 0x3C else {  // <
                guard !open.isEmpty || Self.isSpace(bytes[at]) else { throw ReportFault("has text outside its root element") }
                at += 1
                continue
            }
            if starts("<!--") {
                at += 4
                try skip(past: "-->")
            } else if starts("<![CDATA[") {
                guard !open.isEmpty else { throw ReportFault("has text outside its root element") }
                try skip(past: "]]>")
            } else if starts("<?") {
                at += 2
                let target = try name()
                guard String(decoding: bytes[target], as: UTF8.self).lowercased() != "xml" else {
                    throw ReportFault("is several documents in one")
                }
                try skip(past: "?>")
            } else if starts("<!DOCTYPE") {
                try documentType()
            } else if starts("</") {
                at += 2
                let range = try name()
                skipSpace()
                try take(0x3E)
                guard let last = open.popLast(), bytes[last] == bytes[range] else {
                    throw ReportFault("is not well formed: </\(text(range))> ends what was not begun")
                }
                return .end(name: localName(range))
            } else {
                at += 1
                return try startTag()
            }
        }
        guard open.isEmpty else { throw ReportFault("is cut off") }
        guard sawRoot else { throw ReportFault("is empty, or no XML document") }
        return nil
    }

    private mutating func startTag() throws(ReportFault) -> Token {
        guard !open.isEmpty || !sawRoot else { throw ReportFault("is several documents in one") }
        guard open.count < Self.mostDepth else { throw ReportFault("is nested deeper than \(Self.mostDepth) elements") }
        sawRoot = true
        let range = try name()
        open.append(range)
        var attributes: [String: String] = [:]
        var written: Set<[UInt8]> = []
        while true {
            let isApart = skipSpace()
            guard at < bytes.count else { throw ReportFault("is cut off") }
            if bytes[at] == 0x2F {
                at += 1
                isEmptyElement = true
                try take(0x3E)
                break
            }
            if bytes[at] == 0x3E {
                at += 1
                break
            }
            guard isApart else {
                throw ReportFault("is not well formed: attributes without space between them in <\(text(range))>")
            }
            let key = try name()
            skipSpace()
            try take(0x3D)
            skipSpace()
            guard at < bytes.count, bytes[at] == 0x22 || bytes[at] == 0x27 else {
                throw ReportFault("is not well formed: an attribute of <\(text(range))> is without quotes")
            }
            let quote = bytes[at]
            at += 1
            let start = at
            while at < bytes.count, bytes[at] != quote {
                guard bytes[at] != 0x3C else { throw ReportFault("is not well formed: a < in an attribute of <\(text(range))>") }
                at += 1
            }
            guard at < bytes.count else { throw ReportFault("is cut off") }
            // A second one could say something else of the same test.
            guard written.insert(Array(bytes[key])).inserted else {
                throw ReportFault("is not well formed: \(text(key)) is there twice in one <\(text(range))>")
            }
            let value = try XMLText.resolved(bytes[start..<at])
            // What has no prefix goes first; `xmlns:…` says nothing of the element.
            if !bytes[key].contains(0x3A) || attributes[localName(key)] == nil && !bytes[key].starts(with: "xmlns:".utf8) {
                attributes[localName(key)] = value
            }
            at += 1
        }
        return .start(name: localName(range), attributes: attributes)
    }

    /// `<!DOCTYPE testsuites SYSTEM "…">`: it is passed over, and what it names is never looked at.
    private mutating func documentType() throws(ReportFault) {
        guard !sawRoot else { throw ReportFault("is not well formed: a document type after the beginning") }
        var quote: UInt8?
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == 0x22 || byte == 0x27 {
                quote = byte
            } else if byte == 0x5B {
                throw ReportFault("declares a document type of its own (entities), which is not read")
            } else if byte == 0x3E {
                return
            }
        }
        throw ReportFault("is cut off")
    }

    private mutating func name() throws(ReportFault) -> Range<Int> {
        let start = at
        while at < bytes.count, Self.isName(bytes[at]) { at += 1 }
        guard at < bytes.count else { throw ReportFault("is cut off") }
        guard at > start, at - start <= Self.longestName, !Self.isName(bytes[start], first: false) else {
            throw ReportFault("is not well formed: at byte \(start) a name should stand")
        }
        return start..<at
    }

    /// - Parameter first: false for what a name has, but not at its beginning.
    private static func isName(_ byte: UInt8, first: Bool = true) -> Bool {
        let isInner = byte == 0x2D || byte == 0x2E || (0x30...0x39).contains(byte)
        if !first { return isInner }
        return isInner || byte >= 0x80 || byte == 0x5F || byte == 0x3A || (0x41...0x5A).contains(byte & 0xDF)
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range].prefix(100), as: UTF8.self) }

    private func localName(_ range: Range<Int>) -> String {
        let slice = bytes[range]
        return String(decoding: slice.lastIndex(of: 0x3A).map { slice[($0 + 1)...] } ?? slice, as: UTF8.self)
    }

    private func starts(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard at + count <= bytes.count else { return false }
        return text.withUTF8Buffer { unsafe bytes[at..<(at + count)].elementsEqual($0) }
    }

    private mutating func skip(past text: StaticString) throws(ReportFault) {
        while at < bytes.count {
            if starts(text) {
                at += text.utf8CodeUnitCount
                return
            }
            at += 1
        }
        throw ReportFault("is cut off")
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

    /// Whether there was some.
    @discardableResult
    private mutating func skipSpace() -> Bool {
        let start = at
        while at < bytes.count, Self.isSpace(bytes[at]) { at += 1 }
        return at > start
    }

    private mutating func take(_ byte: UInt8) throws(ReportFault) {
        guard at < bytes.count else { throw ReportFault("is cut off") }
        guard bytes[at] == byte else {
            throw ReportFault("is not well formed: at byte \(at) a \(Unicode.Scalar(byte)) should stand")
        }
        at += 1
    }
}
