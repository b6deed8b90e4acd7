internal import ArgumentParser
internal import CLinux
internal import PinfoldConfiguration

/// The options by which every command that needs the configuration takes it: flags over variables over a file.
struct ConfigurationOptions: ParsableArguments {
    /// Read where no `--config` is given and it exists: an admin's shell, systemd and fstab then mean the same machine.
    static let defaultFile = "/etc/pinfold/pinfold.env"

    @Option(
        help: ArgumentHelp(
            "Read settings from this file (default: \(defaultFile) if it exists); variables and flags win over it.",
            valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("AGENT_DATA_ROOT: the root of all the agent's data.", valueName: "directory"))
    var dataRoot: String?

    @Option(help: ArgumentHelp("AGENT_VIEW_SOURCE: the tree that the view presents.", valueName: "directory"))
    var source: String?

    @Option(
        name: .customLong("mountpoint"),
        help: ArgumentHelp("AGENT_VIEW_MOUNTPOINT: where the view is mounted.", valueName: "directory"))
    var viewMountpoint: String?

    @Option(help: ArgumentHelp("AGENT_USER: the user that the agent runs as.", valueName: "user"))
    var agentUser: String?

    @Option(
        name: .customLong("set"), help: ArgumentHelp("Any other variable; may be given several times.", valueName: "NAME=VALUE"))
    var settings: [String] = []

    /// What an argument of a command's own says about a variable; it must not be said twice with different words.
    mutating func set(_ variable: String, to value: String, from argument: String) throws(CommandFailure) {
        if variable == "AGENT_VIEW_MOUNTPOINT" {
            guard viewMountpoint == nil || viewMountpoint == value else {
                throw CommandFailure(.usage, "\(argument) and --mountpoint say different things; give one of them")
            }
            viewMountpoint = value
        } else {
            settings.append("\(variable)=\(value)")
        }
    }

    /// The whole configuration, or the failure that names the variable and what it accepts.
    func load() throws(CommandFailure) -> Configuration {
        let overrides = try overrides()
        do throws(ConfigurationError) {
            return try read(overrides)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// What the flags say, by the name of the variable.
    func overrides() throws(CommandFailure) -> [String: String] {
        let flags = [
            ("--data-root", "AGENT_DATA_ROOT", dataRoot), ("--source", "AGENT_VIEW_SOURCE", source),
            ("--mountpoint", "AGENT_VIEW_MOUNTPOINT", viewMountpoint), ("--agent-user", "AGENT_USER", agentUser),
        ]
        var overrides: [String: String] = [:]
        for setting in settings {
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw CommandFailure(.usage, "--set: '\(setting)' is not NAME=VALUE")
            }
            overrides[String(parts[0])] = String(parts[1])
        }
        for (flag, variable, value) in flags {
            guard let value else { continue }
            guard overrides.updateValue(value, forKey: variable) == nil else {
                throw CommandFailure(.usage, "\(flag) and --set \(variable) are the same setting; give one of them")
            }
        }
        return overrides
    }

    /// Flags over the environment over the file.
    func read(_ overrides: [String: String]) throws(ConfigurationError) -> Configuration {
        try Self.read(file: config, overrides: overrides)
    }

    private static func read(file: String?, overrides: [String: String]) throws(ConfigurationError) -> Configuration {
        try Configuration.load(
            environment: environment(), file: file ?? presentDefaultFile(), overrides: overrides,
            workingDirectory: workingDirectory())
    }

    /// What the variables and the file say, where no option is given.
    static func load() throws(CommandFailure) -> Configuration {
        do throws(ConfigurationError) {
            return try read(file: nil, overrides: [:])
        } catch {
            throw CommandFailure(error)
        }
    }

    /// A file that exists and cannot be read is an error of `load`, never skipped.
    static func presentDefaultFile() -> String? {
        unsafe access(defaultFile, F_OK) == 0 ? defaultFile : nil
    }

    /// This process's environment; a name given twice counts as it does for `getenv`: the first one.
    static func environment() -> [String: String] {
        var result: [String: String] = [:]
        var entry = unsafe pinfold_environ()
        while let pointer = unsafe entry?.pointee {
            let text = unsafe String(cString: pointer)
            if let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
                let name = String(text[..<equals])
                if result[name] == nil { result[name] = String(text[text.utf8.index(after: equals)...]) }
            }
            unsafe entry = unsafe entry?.advanced(by: 1)
        }
        return result
    }
}

extension CommandFailure {
    init(_ error: ConfigurationError) { self.init(.usage, "\(error)") }
}
