internal import PlainText

// What people answer with, as lines.

/// Kinds of keys that `ssh-keygen -Y` signs with.
private let keyTypes: Set<String> = [
    "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa",
    "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
]

/// `[valid-after=TIME,valid-before=TIME] TYPE BASE64 [COMMENT]`, times as `YYYYMMDDZ` or `YYYYMMDDHHMMZ` or with seconds.
/// See: man 1 ssh-keygen, ALLOWED SIGNERS
func sshKey(_ value: String, _ number: Int) throws(PolicyFault) -> SSHKey {
    func fault(_ reason: String) -> PolicyFault { PolicyFault(line: number, reason) }
    var words = words(value)
    let validity = try validity(&words, number)
    guard words.count >= 2, let type = words.popFirst(), let base64 = words.popFirst() else {
        throw fault("a key is what stands in its .pub file: its kind, and it in base64")
    }
    guard keyTypes.contains(type) else {
        throw fault("“\(type.plain())” is no kind of key: \(keyTypes.sorted().joined(separator: ", "))")
    }
    // A public key begins with the length and the name of its kind.
    guard let bytes = Base64.decode(base64), bytes.starts(with: [0, 0, 0, UInt8(type.utf8.count)] + Array(type.utf8)),
        bytes.count > 40
    else { throw fault("“\(base64.plain())” is no public key of kind \(type)") }
    var own = base64[...]
    if type.hasPrefix("sk-") {
        // A security key's ends in its application, which all of them share.
        guard let application = lastString(of: bytes) else { throw fault("“\(base64.plain())” is no public key of kind \(type)") }
        own = base64.prefix(application * 4 / 3)
    }
    return SSHKey(
        type: type, base64: base64, mark: String(own.suffix(12)), comment: words.isEmpty ? nil : words.joined(separator: " "),
        validity: validity)
}

/// Where the last of the strings begins that a public key is made of, each behind its length; nil where it is not made of such.
/// See: RFC 4251, section 5
private func lastString(of bytes: [UInt8]) -> Int? {
    var (start, last) = (0, 0)
    while start < bytes.count {
        guard bytes.count - start >= 4 else { return nil }
        last = start
        let length = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
        guard length <= bytes.count - start - 4 else { return nil }
        start += 4 + length
    }
    return last
}

private func words(_ value: String) -> ArraySlice<String> {
    value.split(whereSeparator: { " \t".contains($0) }).map(String.init)[...]
}

/// Takes the options off, where there are any.
private func validity(_ words: inout ArraySlice<String>, _ number: Int) throws(PolicyFault) -> Validity {
    var validity = Validity()
    guard let options = words.first, options.hasPrefix("valid-") else { return validity }
    words.removeFirst()
    for option in options.split(separator: ",", omittingEmptySubsequences: false) {
        let pair = option.split(separator: "=", maxSplits: 1).map(String.init)
        guard pair.count == 2, let moment = moment(pair[1].filter { $0 != "\"" }) else {
            throw PolicyFault(
                line: number,
                "“\(String(option).plain())” is no option of a key: valid-after=TIME or valid-before=TIME, as 20270131Z")
        }
        switch pair[0] {
        case "valid-after" where validity.after == nil: validity.after = moment
        case "valid-before" where validity.before == nil: validity.before = moment
        default: throw PolicyFault(line: number, "“\(String(option).plain())” is no option of a key, or is there twice")
        }
    }
    return validity
}

/// `[valid-after=TIME,valid-before=TIME] ID PUBLICKEY [COMMENT]`, as the review page prints it, with the options of a key before it.
func passkey(_ value: String, _ number: Int) throws(PolicyFault) -> Passkey {
    var words = words(value)
    let validity = try validity(&words, number)
    guard words.count >= 2, let name = words.popFirst(), let publicKey = words.popFirst(),
        let id = Base64.decode(name, isURL: true), (16...1023).contains(id.count),
        let key = Base64.decode(publicKey, isURL: true), (64...200).contains(key.count)
    else { throw PolicyFault(line: number, "a passkey is its id and its public key, as the review page prints them") }
    return Passkey(
        id: name, publicKey: publicKey, comment: words.isEmpty ? nil : words.joined(separator: " "), validity: validity)
}

private func moment(_ text: String) -> Timestamp? {
    guard text.hasSuffix("Z"), [8, 12, 14].contains(text.utf8.count - 1),
        text.dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    let digits = Array(text.dropLast() + String(repeating: "0", count: 15 - text.utf8.count)).map(String.init)
    func part(_ range: Range<Int>) -> String { digits[range].joined() }
    return Timestamp("\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(8..<10)):\(part(10..<12)):\(part(12..<14)).000Z")
}

/// RFC 4648; `-` and `_` for URLs, without padding there.
package enum Base64 {
    package static func decode(_ text: String, isURL: Bool = false) -> [UInt8]? {
        var bytes: [UInt8] = []
        var (buffer, bits): (UInt32, Int) = (0, 0)
        var letters = Array(text.utf8)[...]
        if !isURL {
            guard letters.count % 4 == 0 else { return nil }
            for _ in 0..<2 where letters.last == UInt8(ascii: "=") { letters.removeLast() }
        }
        guard letters.count % 4 != 1 else { return nil }
        for letter in letters {
            let value: UInt8
            switch letter {
            case 0x41...0x5A: value = letter - 0x41
            case 0x61...0x7A: value = letter - 0x61 + 26
            case 0x30...0x39: value = letter - 0x30 + 52
            case UInt8(ascii: isURL ? "-" : "+"): value = 62
            case UInt8(ascii: isURL ? "_" : "/"): value = 63
            default: return nil
            }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> UInt32(bits)))
                buffer &= (1 << UInt32(bits)) - 1
            }
        }
        // One way to write each value.
        return buffer == 0 ? bytes : nil
    }
}
