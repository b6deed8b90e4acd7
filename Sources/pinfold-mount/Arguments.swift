internal import GatewayFileSystem
internal import LinuxSystem

/// The command line of the daemon. What it does not know is an error that says so: a mistyped option must not serve something else
/// than was meant.
struct Arguments {
    private(set) var options = GatewayOptions()
    private(set) var readyDescriptor: Int32?
    /// Where the settings wait that are kept once the view answers.
    private(set) var settings: String?
    /// What says the options: of the words that were given, those that are not about this process alone.
    private(set) var words: [String] = []
    private(set) var asksForHelp = false
    /// Whether the view is served already, by a process whose place this one is to take.
    private(set) var replaces = false

    static let usage = """
        usage: pinfold-mount --source DIR --mountpoint DIR --code-repo DIR --sandbox DIR --agent UID:GID [OPTION]...

        Serves the view in the foreground until it is unmounted or told to stop (SIGTERM, SIGINT). SIGUSR1 makes it say on standard
        error how many requests of each kind it has served. 'pinfold mount' reads the configuration and starts this.

          --source DIR             the tree that the view shows
          --mountpoint DIR         where the view is mounted
          --code-repo DIR          the agent's repository, writable; inside the source
          --sandbox DIR            the agent's scratch directory, writable; inside the source
          --agent UID:GID          the agent's user, not root
          --surroundings DIR       mount the whole system there, read-only: what 'pinfold run' shows around a source narrower than /
          --live DIR               read the files below it anew at each open: what writes there is not reported; may be given again
          --hide GLOB              absolute paths that do not exist in the view; may be given again
          --protect GLOB           names that cannot be made, changed or removed in a zone; may be given again
          --code-repo-quota BYTES[,INODES]
          --sandbox-quota BYTES[,INODES]
                                   how much a zone may hold
          --sandbox-access ACCESS  served, by this daemon, which is the default; or direct, by the kernel's own mount
          --usage DIR              keep there what the zones with a quota hold, or it is counted at each start; root's alone, in no zone
          --audit DIR              record there what the agent changes and is refused; root's alone, in no zone
          --descriptors N          how many descriptors this process may have
          --without TECHNIQUE      leave a technique off: \(Technique.allCases.map(\.rawValue).joined(separator: ", "))
          --replace                take the place of the process that serves the view now, which lives on; or leave it as it is
          --settings FILE          keep that file as the settings that the view is served with, once it answers; else remove it
          --ready-fd N             say 'ready' or 'error CODE: ...' on that descriptor
          --help
        """

    init(_ words: ArraySlice<String>) throws(GatewayError) {
        var given: Set<String> = []
        var rest = words
        while let word = rest.popFirst() {
            if word == "--help" {
                asksForHelp = true
                return
            }
            if word == "--foreground" { continue }
            if word == "--replace" {
                replaces = true
                continue
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let name = parts[0]
            guard Self.names.contains(name) else { throw .configuration("unknown option '\(name)'; see pinfold-mount --help") }
            guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else { throw .configuration("\(name) needs a value") }
            try set(name, value)
            given.insert(name)
            if name != "--ready-fd", name != "--settings" { self.words += [name, value] }
        }
        for name in Self.required where !given.contains(name) {
            throw .configuration("\(name) is missing; see pinfold-mount --help")
        }
    }

    private static let required = ["--source", "--mountpoint", "--code-repo", "--sandbox", "--agent"]
    private static let names = Set(
        required + [
            "--surroundings", "--live", "--hide", "--protect", "--code-repo-quota", "--sandbox-quota", "--sandbox-access",
            "--usage",
            "--audit", "--descriptors",
            "--without",
            "--settings", "--ready-fd",
        ])

    private mutating func set(_ name: String, _ value: String) throws(GatewayError) {
        switch name {
        case "--source": options.source = value
        case "--mountpoint": options.mountpoint = value
        case "--code-repo": options.codeRepo = value
        case "--sandbox": options.sandbox = value
        case "--surroundings": options.surroundings = value
        case "--live": options.live.append(value)
        case "--hide": options.hide.append(value)
        case "--protect": options.protect.append(value)
        case "--audit": options.audit = value
        case "--usage": options.usage = value
        case "--settings": settings = value
        case "--agent":
            let numbers = value.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
            guard numbers.count == 2, let user = numbers[0], let group = numbers[1], user != .max, group != .max else {
                throw .configuration("--agent: '\(value)' is not UID:GID, two numbers")
            }
            (options.agentUser, options.agentGroup) = (user, group)
        case "--code-repo-quota": options.codeRepoQuota = try Self.quota(name, value)
        case "--sandbox-quota": options.sandboxQuota = try Self.quota(name, value)
        case "--sandbox-access":
            guard ["direct", "served"].contains(value) else {
                throw .configuration("--sandbox-access: '\(value)' is neither direct nor served")
            }
            options.sandboxIsDirect = value == "direct"
        case "--descriptors":
            guard let number = Int(value), number >= 64 else {
                throw .configuration("--descriptors: '\(value)' is not a number from 64 up")
            }
            options.descriptors = number
        case "--without":
            guard let technique = Technique(rawValue: value) else {
                throw .configuration(
                    "--without: '\(value)' is none of \(Technique.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            options.without.insert(technique)
        default:
            guard let number = Int32(value), number > 2, ThisProcess.hasDescriptor(number) else {
                throw .configuration("--ready-fd: '\(value)' is not an open descriptor above 2")
            }
            readyDescriptor = number
        }
    }

    private static func quota(_ name: String, _ value: String) throws(GatewayError) -> ZoneQuota {
        let numbers = value.split(separator: ",", omittingEmptySubsequences: false).map { UInt64($0) }
        guard (1...2).contains(numbers.count), let bytes = numbers[0], numbers.count == 1 || numbers[1] != nil else {
            throw .configuration("\(name): '\(value)' is not BYTES[,INODES], plain numbers")
        }
        return ZoneQuota(bytes: bytes, inodes: numbers.count == 2 ? numbers[1] : nil)
    }
}
