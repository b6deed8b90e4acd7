internal import ArgumentParser
internal import CLinux
internal import LinuxSystem
internal import PinfoldConfiguration
internal import SystemPackage

/// `pinfold init`: everything that a mount and a deployment need on the disk.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make the directory structure, clone code-repo and give the zones to the agent.",
        discussion: """
            Running it again changes nothing; after an interruption it completes what is missing. Whatever exists and is not what it should \
            be is an error that says what was found, and nothing is changed. The clone shares no file with its source, and is the agent's \
            before it appears.
            """)

    @OptionGroup var options: ConfigurationOptions

    mutating func run() throws {
        try requireRoot(to: "set the agent's directories up")
        umask(0o022)
        let configuration = try options.load()
        let (account, madeUser) = try AgentUser.ensure(configuration)
        let structure = DirectoryStructure(configuration, account: account)
        let repository = CodeRepository(configuration)
        try structure.inspect()
        try Self.inspectSandbox(configuration.sandbox)
        if try repository.isMissing() { _ = try repository.source() }

        let lock = try Self.lock(configuration.dataRoot)
        if madeUser { Terminal.say("made the system user \(AgentUser.defaultName)") }
        for path in try structure.make() { Terminal.say("made \(path)") }
        // Asked again: another one may have cloned while this one waited for the lock.
        if try repository.isMissing() {
            let source = try repository.source()
            let tip = try repository.clone(from: source, for: account, lock: lock)
            Terminal.say("cloned \(source) into \(repository.path), \(tip)")
        } else if try TreeWalk.give(repository.path, to: account) {
            Terminal.say("gave \(repository.path) to the agent")
        }
        try Self.makeSandbox(configuration.sandbox, account: account)
        // Held to the very end.
        _ = lock.release()
    }

    private static func inspectSandbox(_ path: String) throws(CommandFailure) {
        guard let status = try existing(path), status.fileType != S_IFDIR else { return }
        throw CommandFailure(.usage, "AGENT_SANDBOX_PATH: \(path) should be a directory and is \(kind(of: status)); move it away")
    }

    private static func makeSandbox(_ path: String, account: UserAccount) throws(CommandFailure) {
        let isNew = try existing(path) == nil
        if isNew {
            do {
                try makeDirectories(path)
            } catch {
                throw CommandFailure(.notDone, "\(path) cannot be made: \(error)")
            }
        }
        let isGiven = try TreeWalk.give(path, to: account)
        if isNew {
            try? synchronize(directory: split(path).parent)
            Terminal.say("made \(path)")
        } else if isGiven {
            Terminal.say("gave \(path) to the agent")
        }
    }

    /// Held until the command ends: two of them at once would clone into the same place.
    private static func lock(_ root: String) throws(CommandFailure) -> Descriptor {
        do {
            try makeDirectories(root)
            let directory = Descriptor(owning: try check { unsafe pinfold_open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0) })
            let number = directory.rawValue
            _ = try check { pinfold_flock_waiting(number) }
            return directory
        } catch {
            throw CommandFailure(.notDone, "\(root) cannot be made and locked: \(error)")
        }
    }
}
