/// A conversation of messages that look as the kernel's do, with numbers and names chosen by chance: what a fuzzer starts from.
package struct RandomConversation {
    private var generator: RandomNumbers

    package init(seed: UInt64) { generator = RandomNumbers(state: seed) }

    /// Operations with the size of their structure and how many texts follow it (<linux/fuse.h>).
    private static let shapes: [(operation: UInt8, body: Int, texts: Int)] = [
        (1, 0, 1), (1, 0, 1), (1, 0, 1), (2, 8, 0), (3, 16, 0), (4, 88, 0), (4, 88, 0), (5, 0, 0), (6, 0, 2), (8, 16, 1), (9, 8, 1),
        (10, 0, 1), (11, 0, 1), (12, 8, 2), (13, 8, 1), (14, 8, 0), (15, 40, 0), (16, 40, 1), (17, 0, 0), (18, 24, 0), (20, 16, 0),
        (21, 8, 2), (22, 8, 1), (23, 8, 0), (24, 0, 1), (25, 24, 0), (27, 8, 0), (28, 40, 0), (29, 24, 0), (30, 16, 0), (31, 48, 0),
        (32, 48, 0), (34, 8, 0), (35, 16, 1), (35, 16, 1), (36, 8, 0), (37, 16, 0), (39, 32, 0), (40, 24, 0), (41, 40, 0),
        (42, 8, 1),
        (43, 32, 0), (44, 40, 0), (45, 16, 2), (46, 24, 0), (47, 56, 0), (50, 8, 0), (51, 16, 1), (52, 24, 0), (200, 8, 1),
        (255, 8, 0),
    ]

    private static let names = [
        "file", "a", "b", ".git", "config", "hooks", "secret", ".", "..", "", "a/b", "../outside/file", "user.a", "trusted.a",
        "system.posix_acl_access", "security.capability", String(repeating: "n", count: 255), String(repeating: "n", count: 300),
    ]

    private static let words: [UInt64] = [
        0, 0, 1, 2, 3, 8, 16, 64, 4096, 0o100644, 0o040755, 0o010644, 0o120777, 0x8000, 0x41_0000, 0x1000, 1 << 20, 0x7fff_ffff,
        0xffff_ffff, 0x7fff_ffff_ffff_ffff, 0x8000_0000_0000_0000, .max, .max - 1,
    ]

    /// Up to 24 messages.
    package mutating func bytes() -> [UInt8] {
        var result: [UInt8] = []
        for _ in 0..<Int.random(in: 1...24, using: &generator) { result += message() }
        return result
    }

    private mutating func message() -> [UInt8] {
        let shape = one(of: Self.shapes)
        var body: [UInt8] = []
        while body.count < shape.body {
            let word = Int.random(in: 0..<4, using: &generator) == 0 ? generator.next() : one(of: Self.words)
            body += (0..<(Bool.random(using: &generator) ? 4 : 8)).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) }
        }
        body = Array(body.prefix(shape.body))
        for _ in 0..<shape.texts { body += Array(one(of: Self.names).utf8) + [0] }
        // Now and then one that is cut, or that says what is not so.
        var flags = UInt8(Int.random(in: 0..<4, using: &generator) == 0 ? 2 : 0)
        switch Int.random(in: 0..<24, using: &generator) {
        case 0: body = Array(body.prefix(Int.random(in: 0...body.count, using: &generator)))
        case 1: flags |= UInt8.random(in: 0...255, using: &generator)
        default: break
        }
        let node = Int.random(in: 0..<16, using: &generator) == 0 ? 250 : UInt8.random(in: 0..<12, using: &generator)
        return [shape.operation, node, flags, UInt8(body.count & 0xff), UInt8(body.count >> 8)] + body
    }

    private mutating func one<Element>(of elements: [Element]) -> Element {
        elements[Int.random(in: 0..<elements.count, using: &generator)]
    }
}
