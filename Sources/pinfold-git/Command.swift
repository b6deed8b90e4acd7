internal import GitRepository

/// The command line was not understood.
struct Usage: Error {
    let message: String
}

/// One subcommand with its arguments.
struct Command {
    static let usage = """
        Usage: pinfold-git clone SOURCE DEST
               pinfold-git identity REPO NAME EMAIL
               pinfold-git tip REPO BRANCH
               pinfold-git commit REPO --message M --name N --email E
               pinfold-git pack REPO BRANCH|ID [--have ID]… [--max-objects N] [--max-bytes N] [--max-blob N] [--max-depth N]
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
            let (source, destination) = try (operand(0, of: 2), operand(1, of: 2))
            let made = try Clone.make(from: source, to: destination)
            say("\(made.branch) \(made.tip)\n", to: 1)
        case "identity":
            let (repository, user, email) = try (operand(0, of: 3), operand(1, of: 3), operand(2, of: 3))
            try WorkingRepository(repository).setIdentity(name: user, email: email)
        case "tip":
            let (repository, branch) = try (operand(0, of: 2), operand(1, of: 2))
            guard let tip = try BranchTip(repository: repository).read(branch) else {
                throw GitError(.notFound, "\(repository) has no branch \(branch)")
            }
            say("\(tip)\n", to: 1)
        case "commit": try commit()
        case "pack": try pack()
        case "push": try push()
        default: throw Usage(message: "unknown subcommand \"\(printable(name))\"")
        }
    }

    private func commit() throws {
        let repository = try operand(0, of: 1, options: ["message", "name", "email"])
        let (message, user, email) = try (value("message"), value("name"), value("email"))
        guard message.contains(where: { !$0.isWhitespace }) else { throw Usage(message: "the commit message is empty") }
        let outcome = try WorkingRepository(repository).commitAll(message: message, name: user, email: email)
        if !outcome.isNew { say("pinfold-git: nothing to commit; the branch stays at \(outcome.commit)\n", to: 2) }
        say("\(outcome.commit) \(outcome.isNew ? "new" : "unchanged")\n", to: 1)
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

    private func push() throws {
        let known = ["key", "known-hosts", "credentials"]
        guard let commit = ObjectID(try operand(1, of: 4, options: known)) else {
            throw Usage(message: "push needs a commit id of forty digits")
        }
        var url = try operand(3, of: 4, options: known)
        // An address may hold a password, and a command line is everybody's to read.
        if url == "-" {
            guard let line = readLine() else {
                throw Usage(message: "push - reads the address from standard input, which is empty")
            }
            url = line
        }
        // Where whoever started this has died, nobody else ends a push to a host that says nothing more.
        endAfter(seconds: 600)
        let remote = PushRemote(
            url: url, sshKey: options["key"]?.last, knownHosts: options["known-hosts"]?.last,
            credentialFile: options["credentials"]?.last)
        try GitMirror(forPushing: try operand(0, of: 4, options: known)).push(
            commit, branch: try operand(2, of: 4, options: known), to: remote)
    }

    /// - Parameter known: the options that this subcommand takes; nil: they were checked already.
    private func operand(_ index: Int, of count: Int, options known: [String]? = []) throws(Usage) -> String {
        if let known, let unknown = options.keys.sorted().first(where: { !known.contains($0) }) {
            throw Usage(message: "\(name) has no option --\(printable(unknown))")
        }
        guard operands.count == count else { throw Usage(message: "\(name) takes \(count) arguments, not \(operands.count)") }
        return operands[index]
    }

    private func value(_ option: String) throws(Usage) -> String {
        guard let value = options[option]?.last else { throw Usage(message: "\(name) needs --\(option)") }
        return value
    }

    private func number(_ option: String) throws(Usage) -> Int? {
        guard let text = options[option]?.last else { return nil }
        guard let value = Int(text), value > 0 else { throw Usage(message: "--\(option) needs a positive number") }
        return value
    }
}
