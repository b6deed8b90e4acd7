/// What a keeper and the process that is to take its place say to each other: a packet each, of words that end in NUL.
enum HandoverMessage: Hashable {
    /// The new one: may I have the view? With the versions of this exchange that it knows.
    case ask(versions: [Int])
    /// The old one, with the descriptors of the kept memory and of its log: this is what runs.
    case running(Running)
    /// Either: it does not happen, and why.
    case no(String)
    /// The new one has found nothing that is in the way: end your server, and send.
    case take
    /// The old one, with the descriptors: these are they.
    case parts([Inheritance.Entry])
    /// The old one: those were all.
    case complete
    /// The new one stands ready and has taken no request.
    case ready
    /// The old one: the view is yours.
    case yours

    struct Running: Hashable {
        /// Of the view, as the kernel numbers mounts.
        var mount: UInt64
        /// Above each of the descriptors that are to come.
        var end: Int32
        /// The command line of the running gateway, without the program.
        var words: [String]
    }

    static let version = 1
    /// Bytes of a packet.
    static let longest = 160_000

    private var words: [String] {
        switch self {
        case .ask(let versions): ["ask"] + versions.map(String.init)
        case .running(let running): ["running", String(running.mount), String(running.end)] + running.words
        case .no(let reason): ["no", reason]
        case .take: ["take"]
        case .parts(let entries): ["parts"] + entries.flatMap { [$0.name, String($0.number)] }
        case .complete: ["complete"]
        case .ready: ["ready"]
        case .yours: ["yours"]
        }
    }

    var packet: [UInt8] { words.flatMap { Array($0.utf8) + [0] } }

    /// Nil for what is none.
    init?(_ packet: [UInt8]) {
        guard packet.last == 0 else { return nil }
        let words = packet.dropLast().split(separator: 0, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        let rest = Array(words.dropFirst())
        switch (words.first, rest.count) {
        case ("ask", 1...): self = .ask(versions: rest.compactMap { Int($0) })
        case ("running", 2...):
            guard let mount = UInt64(rest[0]), let end = Int32(rest[1]), end > 2 else { return nil }
            self = .running(Running(mount: mount, end: end, words: Array(rest.dropFirst(2))))
        case ("no", 1): self = .no(rest[0])
        case ("take", 0): self = .take
        case ("parts", _):
            guard let entries = Self.entries(rest) else { return nil }
            self = .parts(entries)
        case ("complete", 0): self = .complete
        case ("ready", 0): self = .ready
        case ("yours", 0): self = .yours
        default: return nil
        }
    }

    private static func entries(_ words: [String]) -> [Inheritance.Entry]? {
        guard words.count.isMultiple(of: 2) else { return nil }
        var entries: [Inheritance.Entry] = []
        for index in stride(from: 0, to: words.count, by: 2) {
            // The standard streams are never handed on.
            guard let number = Int32(words[index + 1]), number > 2 else { return nil }
            entries.append(Inheritance.Entry(words[index], number))
        }
        return entries
    }
}
