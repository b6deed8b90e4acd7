/// HTML that can be sent: made of literals in this module's source and of text that was escaped on its way in.
///
/// There is no other way in. A literal is a `StaticString`, so no text that is made at run time passes for one, and what is
/// interpolated is taken for where it stands: between tags, or in an attribute's quotes. Everywhere else, and in
/// attributes that a browser follows or runs, text ends the program: the page's own tests find it, not a visitor.
package struct Markup: Sendable, ExpressibleByStringInterpolation {
    /// UTF-8.
    package private(set) var bytes: [UInt8]

    package init() { bytes = [] }

    package init(stringLiteral literal: StaticString) {
        self.init(
            stringInterpolation: {
                var interpolation = StringInterpolation(literalCapacity: literal.utf8CodeUnitCount, interpolationCount: 0)
                interpolation.appendLiteral(literal)
                return interpolation
            }())
    }

    package init(stringInterpolation: StringInterpolation) {
        precondition(stringInterpolation.position == .text, "a piece of markup ends inside a tag")
        bytes = stringInterpolation.bytes
    }

    package static func + (a: Markup, b: Markup) -> Markup {
        var sum = a
        sum.append(b)
        return sum
    }

    package mutating func append(_ other: Markup) { bytes.append(contentsOf: other.bytes) }

    /// For what is written a line at a time: a literal that is whole between its tags, unlooked at.
    mutating func append(literal: StaticString) { literal.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) } }

    mutating func append(number: Int) { bytes.append(contentsOf: String(number).utf8) }

    /// Text between tags.
    mutating func append(shown text: ArraySlice<UInt8>) { ShownText.append(text, to: &bytes, marking: true) }

    /// What a browser would show of it, without the tags: for tests and for those who read the source.
    package var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension Markup {
    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate enum Position: Equatable {
            case text
            case tag
            case value
        }

        fileprivate var bytes: [UInt8] = []
        fileprivate var position = Position.text
        /// The name of the attribute in whose quotes this is, or the word that may become one.
        private var name: [UInt8] = []

        package init(literalCapacity: Int, interpolationCount: Int) {
            bytes.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        package mutating func appendLiteral(_ literal: StaticString) {
            literal.withUTF8Buffer { literal in
                for index in literal.indices { follow(unsafe literal[index]) }
                unsafe bytes.append(contentsOf: literal)
            }
        }

        /// Where the next byte would stand.
        private mutating func follow(_ byte: UInt8) {
            switch (position, byte) {
            case (.text, UInt8(ascii: "<")):
                position = .tag
                name = []
            case (.tag, UInt8(ascii: ">")): position = .text
            case (.tag, UInt8(ascii: "\"")): position = .value
            case (.tag, UInt8(ascii: " ")), (.tag, UInt8(ascii: "\n")): name = []
            case (.tag, UInt8(ascii: "=")): break
            case (.tag, _): name.append(byte)
            case (.value, UInt8(ascii: "\"")): position = .tag
            default: break
            }
        }

        package mutating func appendInterpolation(_ text: String) {
            switch position {
            case .text: ShownText.append(Array(text.utf8)[...], to: &bytes, marking: true)
            case .value:
                precondition(!Self.isFollowed(name), "text in an attribute that a browser follows")
                ShownText.append(Array(text.utf8)[...], to: &bytes, marking: false)
            case .tag: preconditionFailure("text inside a tag and outside quotes")
            }
        }

        package mutating func appendInterpolation(_ number: Int) { appendInterpolation(String(number)) }

        package mutating func appendInterpolation(_ address: Address) {
            precondition(position == .value, "an address stands in an attribute")
            ShownText.append(Array(address.path.utf8)[...], to: &bytes, marking: false)
        }

        package mutating func appendInterpolation(_ markup: Markup) {
            precondition(position == .text, "markup inside a tag")
            bytes.append(contentsOf: markup.bytes)
        }

        package mutating func appendInterpolation(_ markup: Markup?) { if let markup { appendInterpolation(markup) } }

        package mutating func appendInterpolation(_ pieces: [Markup]) { for piece in pieces { appendInterpolation(piece) } }

        private static func isFollowed(_ name: [UInt8]) -> Bool {
            let name = String(decoding: name, as: UTF8.self).lowercased()
            return ["href", "src", "srcset", "action", "formaction", "style", "srcdoc", "http-equiv", "content"].contains(name)
                || name.hasPrefix("on")
        }
    }
}
