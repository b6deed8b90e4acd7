extension String {
    /// Bytes that somebody else chose, a file's name above all, as text: a byte that is no part of a UTF-8 character becomes `\xNN`, so that
    /// two names never look alike for it. Characters that act on a terminal are still in it.
    package init(showing bytes: some Collection<UInt8>) {
        if let whole = String(validating: bytes, as: UTF8.self) {
            self = whole
            return
        }
        self = ""
        var rest = Array(bytes)[...]
        while let first = rest.first {
            var decoder = UTF8()
            var iterator = rest.prefix(4).makeIterator()
            if case .scalarValue(let scalar) = decoder.decode(&iterator) {
                unicodeScalars.append(scalar)
                rest = rest.dropFirst(UTF8.width(scalar))
            } else {
                self += "\\x" + (first < 16 ? "0" : "") + String(first, radix: 16)
                rest = rest.dropFirst()
            }
        }
    }
}
