internal import GitRepository
internal import PlainText

/// The command line was not understood.
struct Usage: Error {
    let message: String
}

/// One subcommand with its arguments.
struct Command {
    static let usage = """
        Usage: pinfold-git clone SOURCE|- DEST [--key FILE] [--known-hosts FILE] [--credentials FILE]
               pinfold-git head REPO
               pinfold-git identity REPO NAME EMAIL
               pinfold-git tip REPO BRANCH
               pinfold-git commit REPO BRANCH --name N --email E [--message M|-]
               pinfold-git pack REPO BRANCH|ID [--have ID]… [--max-objects N] [--max-bytes N] [--max-blob N] [--max-depth N]
               pinfold-git diff MIRROR ID|- ID [--max-bytes N]
               pinfold-git push MIRROR ID BRANCH URL|- [--key FILE] [--known-hosts FILE] [--credentials FILE]

        """

    private let name: String
    private var operands: [String] = []
    private var options: [String: [String]] = [:]

    init(arguments: [String]) throws(Usage) {
        guard let name = arguments.first else { throw Usage(message: "a subcommand is missing") }
        self.name = name
        var rest = arguments.dropFirst()
        while let argument = rest.popFirst() {
            if argument == "--" {
                operands += rest
                break
            }
            guard argument.hasPrefix("--") else {
                operands.append(argument)
                continue
            }
            guard let value = rest.popFirst() else { throw Usage(message: "\(argument) needs a value") }
            options[String(argument.dropFirst(2)), default: []].append(value)
        }
    }

    func run() throws {
        switch name {
        case "clone":
            let source = try remote(operand(0, of: 2, options: Self.keys))
            let made = try Clone.make(from: source, to: try operand(1, of: 2, options: nil))
            // In one write: half of an answer is none.
            try answer((["\(made.branch) \(made.tip)", "from \(made.source)"] + made.notes).joined(separator: "\n"))
        case "head":
            let tip = BranchTip(repository: try operand(0, of: 1))
            if let branch = try tip.currentBranch(), let commit = try tip.read(branch) {
                try answer("\(branch) \(commit)")
            } else {
                try answer("none")
            }
        case "identity":
            let (repository, user, email) = try (operand(0, of: 3), operand(1, of: 3), operand(2, of: 3))
            try WorkingRepository(repository).setIdentity(name: user, email: email)
        case "tip":
            let (repository, branch) = try (operand(0, of: 2), operand(1, of: 2))
            guard let tip = try BranchTip(repository: repository).read(branch) else {
                throw GitError(.notFound, "\(repository) has no branch \(branch)")
            }
            try answer("\(tip)")
        case "commit": try commit()
        case "pack": try pack()
        case "diff": try diff()
        case "push": try push()
        default: throw Usage(message: "unknown subcommand \"\(name.plain())\"")
        }
    }

    /// Prints the branch's commit afterwards and `new` or `unchanged`; without a message nothing is made, and a change is `changed`.
    private func commit() throws {
        let known = ["message", "name", "email"]
        let (repository, branch) = try (operand(0, of: 2, options: known), operand(1, of: 2, options: nil))
        let (user, email) = try (value("name"), value("email"))
        var message = options["message"]?.last
        // A command line holds less than a message may be long, and is everybody's to read.
        if message == "-" {
            message = ""
            while let line = readLine(strippingNewline: false) { message?.append(line) }
        }
        if let message, message.allSatisfy(\.isWhitespace) { throw Usage(message: "the commit message is empty") }
        switch try WorkingRepository(repository).commitAll(on: branch, message: message, name: user, email: email) {
        case .made(let commit): try answer("\(commit) new")
        case .unchanged(let tip):
            say("pinfold-git: nothing to commit; the branch stays at \(tip)\n", to: 2)
            try answer("\(tip) unchanged")
        case .needsMessage(let tip, let paths):
            let named = paths.prefix(3).map(\.description).joined(separator: ", ") + (paths.count > 3 ? ", …" : "")
            say("pinfold-git: \(paths.count) changed paths (\(named)) are not committed\n", to: 2)
            try answer("\(tip) changed")
        }
    }

    private func pack() throws {
        let (repository, tip) = try (
            operand(0, of: 2, options: ["have", "max-objects", "max-bytes", "max-blob", "max-depth"]),
            operand(1, of: 2, options: nil)
        )
        var limits = IntakeLimits()
        limits.objects = try number("max-objects") ?? limits.objects
        limits.packBytes = try number("max-bytes") ?? limits.packBytes
        limits.blobBytes = try number("max-blob") ?? limits.blobBytes
        limits.depth = try number("max-depth") ?? limits.depth
        let haves = try (options["have"] ?? []).map { text in
            guard let id = ObjectID(text) else { throw Usage(message: "--have needs a commit id of forty digits") }
            return id
        }
        // A branch may be named like an id; nobody means that one.
        let wanted = ObjectID(tip).map(PackExport.Tip.commit) ?? .branch(tip)
        try PackExport(repository: repository, limits: limits).write(wanted, without: haves, to: 1)
    }

    private func diff() throws {
        let mirror = try operand(0, of: 3, options: ["max-bytes", "context"])
        let ids = try (1...2).map { try operand($0, of: 3, options: nil) }
        guard let commit = ObjectID(ids[1]), ids[0] == "-" || ObjectID(ids[0]) != nil else {
            throw Usage(message: "diff needs commit ids of forty digits, or - for nothing as the first")
        }
        try GitMirror(forReading: mirror).writeDiff(
            from: ObjectID(ids[0]), to: commit, context: try number("context", from: 0) ?? 3,
            byteLimit: try number("max-bytes") ?? 1 << 20, to: 1)
    }

    private func push() throws {
        guard let commit = ObjectID(try operand(1, of: 4, options: Self.keys)) else {
            throw Usage(message: "push needs a commit id of forty digits")
        }
        let remote = try remote(operand(3, of: 4, options: Self.keys))
        // It writes into the mirror of a daemon, which takes what it finds there at its start for a dead process's.
        guard endWithParent() else { throw GitError(.system, "whoever asked for this push has ended") }
        // And nobody else ends a push to a host that says nothing more.
        endAfter(seconds: 600)
        try GitMirror(forPushing: try operand(0, of: 4, options: nil)).push(
            commit, branch: try operand(2, of: 4, options: nil), to: remote)
    }

    private static let keys = ["key", "known-hosts", "credentials"]

    /// The other side, with what it is asked with.
    private func remote(_ address: String) throws(Usage) -> GitRemote {
        var address = address
        // An address may hold a password, and a command line is everybody's to read.
        if address == "-" {
            guard let line = readLine() else {
                throw Usage(message: "\(name) - reads the address from standard input, which is empty")
            }
            address = line
        }
        return GitRemote(
            url: address, sshKey: options["key"]?.last, knownHosts: options["known-hosts"]?.last,
            credentialFile: options["credentials"]?.last)
    }

    /// The result: where it cannot be written nothing has been done, as far as whoever asked can know.
    private func answer(_ line: String) throws(GitError) { try PackExport.write(Array("\(line)\n".utf8), to: 1) }

    /// - Parameter known: the options that this subcommand takes; nil: they were checked already.
    private func operand(_ index: Int, of count: Int, options known: [String]? = []) throws(Usage) -> String {
        if let known, let unknown = options.keys.sorted().first(where: { !known.contains($0) }) {
            throw Usage(message: "\(name) has no option --\(unknown.plain())")
        }
        guard operands.count == count else { throw Usage(message: "\(name) takes \(count) arguments, not \(operands.count)") }
        return operands[index]
    }

    private func value(_ option: String) throws(Usage) -> String {
        guard let value = options[option]?.last else { throw Usage(message: "\(name) needs --\(option)") }
        return value
    }

    private func number(_ option: String, from least: Int = 1) throws(Usage) -> Int? {
        guard let text = options[option]?.last else { return nil }
        guard let value = Int(text), value >= least else { throw Usage(message: "--\(option) needs a number from \(least) on") }
        return value
    }
}
