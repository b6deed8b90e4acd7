/// Inputs made from kept ones by chance: bytes changed, taken out, said twice, and the beginning of one before the end of another.
package struct Mutation {
    private var generator: RandomNumbers
    private let kept: [[UInt8]]

    /// - Parameter kept: not empty.
    package init(of kept: [[UInt8]], seed: UInt64) {
        generator = RandomNumbers(state: seed)
        self.kept = kept
    }

    /// What lengths, signs and ends of texts are made of.
    private static let odd: [UInt8] = [0, 1, 0x0a, 0x20, 0x22, 0x2e, 0x2f, 0x3c, 0x3e, 0x7f, 0x80, 0xc0, 0xe2, 0xfe, 0xff]

    package mutating func bytes() -> [UInt8] {
        var input = kept.randomElement(using: &generator) ?? []
        for _ in 0..<Int.random(in: 1...8, using: &generator) { change(&input) }
        return Array(input.prefix(1 << 16))
    }

    private mutating func change(_ input: inout [UInt8]) {
        let first = Int.random(in: 0...input.count, using: &generator)
        let part = first..<min(input.count, first + Int.random(in: 0...16, using: &generator))
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: for index in part { input[index] = Self.odd.randomElement(using: &generator)! }
        case 1: for index in part { input[index] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
        case 2: input.removeSubrange(part)
        case 3: input.insert(contentsOf: input[part], at: first)
        case 4: input.insert(Self.odd.randomElement(using: &generator)!, at: first)
        default:
            guard let other = kept.randomElement(using: &generator) else { return }
            input = Array(input[..<first]) + other.suffix(Int.random(in: 0...other.count, using: &generator))
        }
    }
}
