internal import ArgumentParser
internal import CLinux
internal import CommandLineSupport
internal import DataRoot
internal import LinuxSystem
internal import PinfoldConfiguration
internal import SystemPackage

/// `pinfold init`: everything that a mount and a deployment need on the disk.
struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make the directory structure, clone code-repo and give the zones to the agent.",
        discussion: """
            Running it again changes nothing; after an interruption it completes what is missing. Where it fails it takes back what it made. \
            Whatever exists and is not what it should be is an error that says what was found, and nothing is changed. The clone shares no file with its source, and is the agent's \
            before it appears.
            """)

    @OptionGroup var options: ConfigurationOptions

    mutating func run() throws {
        try requireRoot(to: "set the agent's directories up")
        umask(0o022)
        let configuration = try options.load()
        let present = try AgentUser.present(configuration)
        let repository = CodeRepository(
            configuration, keyDirectory: split(options.shared.config ?? SettingsOptions.defaultFile).parent)
        // Before a user is made, who would stay: nothing belongs to one who is not there yet.
        try DirectoryStructure(configuration, account: present).inspect()
        try Self.inspectSandbox(configuration.zones.sandbox)
        if try repository.isMissing() { _ = try repository.source() }
        let account: UserAccount = if let present { present } else { try AgentUser.make(configuration) }
        let structure = DirectoryStructure(configuration, account: account)
        // The number may have been another one's, whose directories are there still.
        if present == nil { try structure.inspect() }

        // What a failure takes back; where this is killed instead, the next run completes it.
        var made = MadePaths()
        do {
            let lock = try Self.lock(configuration.data.path, &made)
            try structure.make(&made)
            let said = try Self.makeZones(repository, configuration.zones.sandbox, account, lock, &made)
            try AgentIdentity(configuration, account: account).make()
            let limited = try SandboxProject.setUp(configuration, account)
            for path in made.all { Terminal.say("made \(path)") }
            for line in said + limited { Terminal.say(line) }
            // Held to the very end.
            _ = lock.release()
        } catch {
            made.takeBack()
            throw error
        }
    }

    /// - Returns: What to say of it.
    private static func makeZones(
        _ repository: CodeRepository, _ sandbox: String, _ account: UserAccount, _ lock: borrowing Descriptor,
        _ made: inout MadePaths
    ) throws(CommandFailure) -> [String] {
        var said: [String] = []
        // Asked again: another one may have cloned while this one waited for the lock.
        if try repository.isMissing() {
            let cloned = try repository.clone(from: try repository.source(), for: account, lock: lock, &made)
            for note in cloned.notes { Terminal.complain(note) }
            said.append("cloned \(cloned.source) into \(repository.path), \(cloned.branch) at \(cloned.tip)")
        } else {
            try repository.noteWhatIsThere(for: account, lock: lock, &made)
            if try TreeWalk.give(repository.path, to: account) { said.append("gave \(repository.path) to the agent") }
        }
        let isNew = try existing(sandbox) == nil
        if isNew { try sandbox.making { () throws(Errno) in try makeDirectories(sandbox, made: &made) } }
        let isGiven = try TreeWalk.give(sandbox, to: account)
        if isNew {
            try sandbox.making { () throws(Errno) in try synchronize(directory: split(sandbox).parent) }
        } else if isGiven {
            said.append("gave \(sandbox) to the agent")
        }
        return said
    }

    private static func inspectSandbox(_ path: String) throws(CommandFailure) {
        guard let status = try existing(path), status.fileType != S_IFDIR else { return }
        throw CommandFailure(.usage, "AGENT_SANDBOX_PATH: \(path) should be a directory and is \(kind(of: status)); move it away")
    }

    /// Held until the command ends: two of them at once would clone into the same place.
    private static func lock(_ root: String, _ made: inout MadePaths) throws(CommandFailure) -> Descriptor {
        do {
            try makeDirectories(root, made: &made)
            let directory = try Descriptor.open(root, [.readOnly, .directory])
            let number = directory.rawValue
            _ = try check { pinfold_flock_waiting(number) }
            return directory
        } catch {
            throw CommandFailure(.notDone, "\(root) cannot be made and locked: \(error)")
        }
    }
}
