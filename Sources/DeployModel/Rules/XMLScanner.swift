/// Start and end tags of an XML document, in order: as much of XML as test reports use. Text is passed over; a document type is refused,
/// since entities could make a small report large or read other files.
struct XMLScanner {
    enum Token: Equatable {
        case start(name: String, attributes: [String: String], empty: Bool)
        case end(name: String)
        case broken
    }

    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func next() -> Token? {
        while at < bytes.count {
            guard bytes[at] == 0x3C else {  // <
                at += 1
                continue
            }
            if starts("<!--") {
                guard skip(past: "-->") else { return .broken }
            } else if starts("<![CDATA[") {
                guard skip(past: "]]>") else { return .broken }
            } else if starts("<?") {
                guard skip(past: "?>") else { return .broken }
            } else if starts("<!") {
                return .broken
            } else if starts("</") {
                at += 2
                let name = self.name()
                skipSpace()
                guard !name.isEmpty, take(0x3E) else { return .broken }
                return .end(name: name)
            } else {
                at += 1
                return startTag()
            }
        }
        return nil
    }

    private mutating func startTag() -> Token {
        let name = self.name()
        guard !name.isEmpty else { return .broken }
        var attributes: [String: String] = [:]
        while true {
            skipSpace()
            if take(0x3E) { return .start(name: name, attributes: attributes, empty: false) }
            if take(0x2F) { return take(0x3E) ? .start(name: name, attributes: attributes, empty: true) : .broken }
            let key = self.name()
            skipSpace()
            guard !key.isEmpty, take(0x3D) else { return .broken }
            skipSpace()
            guard at < bytes.count, bytes[at] == 0x22 || bytes[at] == 0x27 else { return .broken }
            let quote = bytes[at]
            at += 1
            let start = at
            while at < bytes.count, bytes[at] != quote { at += 1 }
            guard at < bytes.count else { return .broken }
            attributes[key] = unescaped(bytes[start..<at])
            at += 1
        }
    }

    private mutating func name() -> String {
        let start = at
        while at < bytes.count {
            switch bytes[at] {
            case 0x20, 0x09, 0x0A, 0x0D, 0x3D, 0x3E, 0x2F, 0x3C, 0x22, 0x27:
                return String(decoding: bytes[start..<at], as: UTF8.self)
            default: at += 1
            }
        }
        return ""
    }

    private func unescaped(_ slice: ArraySlice<UInt8>) -> String {
        guard slice.contains(0x26) else { return String(decoding: slice, as: UTF8.self) }
        var result = ""
        var rest = slice
        while let ampersand = rest.firstIndex(of: 0x26) {
            result += String(decoding: rest[..<ampersand], as: UTF8.self)
            guard let end = rest[ampersand...].prefix(12).firstIndex(of: 0x3B) else {
                return result + String(decoding: rest[ampersand...], as: UTF8.self)
            }
            let entity = String(decoding: rest[(ampersand + 1)..<end], as: UTF8.self)
            switch entity {
            case "lt": result += "<"
            case "gt": result += ">"
            case "amp": result += "&"
            case "quot": result += "\""
            case "apos": result += "'"
            default:
                let number = entity.hasPrefix("#x") ? UInt32(entity.dropFirst(2), radix: 16) : UInt32(entity.dropFirst())
                if entity.hasPrefix("#"), let number, let scalar = Unicode.Scalar(number) {
                    result.unicodeScalars.append(scalar)
                } else {
                    result += "&\(entity);"
                }
            }
            rest = rest[(end + 1)...]
        }
        return result + String(decoding: rest, as: UTF8.self)
    }

    private func starts(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard at + count <= bytes.count else { return false }
        return text.withUTF8Buffer { unsafe bytes[at..<(at + count)].elementsEqual($0) }
    }

    private mutating func skip(past text: StaticString) -> Bool {
        while at < bytes.count {
            if starts(text) {
                at += text.utf8CodeUnitCount
                return true
            }
            at += 1
        }
        return false
    }

    private mutating func skipSpace() {
        while at < bytes.count, bytes[at] == 0x20 || (0x09...0x0D).contains(bytes[at]) { at += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard at < bytes.count, bytes[at] == byte else { return false }
        at += 1
        return true
    }
}
