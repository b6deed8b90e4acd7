internal import CLinux

package import ArgumentParser
package import PinfoldConfiguration

/// The options by which every program takes its configuration: flags over variables over a file.
package struct SettingsOptions: ParsableArguments {
    /// Read where no `--config` is given and it exists: an admin's shell, systemd and fstab then mean the same machine.
    package static let defaultFile = "/etc/pinfold/pinfold.env"

    @Option(
        help: ArgumentHelp(
            "Read settings from this file (default: \(defaultFile) if it exists); variables and flags win over it.",
            valueName: "file"))
    package var config: String?

    @Option(help: ArgumentHelp("AGENT_DATA_ROOT: the root of all the agent's data.", valueName: "directory"))
    package var dataRoot: String?

    @Option(
        name: .customLong("set"), help: ArgumentHelp("Any other variable; may be given several times.", valueName: "NAME=VALUE"))
    package var settings: [String] = []

    package init() {}

    /// What the flags say, by the name of the variable.
    /// - Parameter further: flags of a program's own that stand for a variable.
    package func overrides(
        _ further: [(flag: String, variable: String, value: String?)] = []
    ) throws(CommandFailure) -> [String: String] {
        var overrides: [String: String] = [:]
        for setting in settings {
            let (name, value) = Self.halves(of: setting)
            guard let value, !name.isEmpty else { throw CommandFailure(.usage, "--set: '\(setting)' is not NAME=VALUE") }
            guard overrides.updateValue(value, forKey: name) == nil else {
                throw CommandFailure(.usage, "--set \(name) is given twice; give it once")
            }
        }
        for (flag, variable, value) in [("--data-root", "AGENT_DATA_ROOT", dataRoot)] + further {
            guard let value else { continue }
            guard overrides.updateValue(value, forKey: variable) == nil else {
                throw CommandFailure(.usage, "\(flag) and --set \(variable) are the same setting; give one of them")
            }
        }
        return overrides
    }

    /// The file that settings are read from; nil where there is none.
    package var file: String? { (config ?? Self.presentDefaultFile()).map { Paths.absolute($0, from: workingDirectory()) } }

    /// Flags over the environment over the file.
    package func read(_ overrides: [String: String]) throws(ConfigurationError) -> Configuration {
        try Self.read(file: config, overrides: overrides)
    }

    /// What the variables and the file say, where no option is given.
    package static func load() throws(CommandFailure) -> Configuration {
        do throws(ConfigurationError) {
            return try read(file: nil, overrides: [:])
        } catch {
            throw CommandFailure(error)
        }
    }

    private static func read(file: String?, overrides: [String: String]) throws(ConfigurationError) -> Configuration {
        let directory = workingDirectory()
        let configuration = try Configuration.load(
            environment: readEnvironment(), file: file ?? presentDefaultFile(), overrides: overrides, workingDirectory: directory)
        if let directory = removedWorkingDirectory(),
            let setting = configuration.settings.first(where: { $0.value?.contains(directory) == true })
        {
            throw ConfigurationError(
                variable: setting.variable.name, value: setting.value,
                reason: "the working directory has been removed; change into one that exists, or give an absolute path")
        }
        return configuration
    }

    /// A file that exists and cannot be read is an error of `read`, never skipped.
    private static func presentDefaultFile() -> String? {
        unsafe access(defaultFile, F_OK) == 0 ? defaultFile : nil
    }

    /// This process's environment; a name given twice counts as it does for `getenv`: the first one.
    package static func environment() throws(CommandFailure) -> [String: String] {
        do throws(ConfigurationError) {
            return try readEnvironment()
        } catch {
            throw CommandFailure(error)
        }
    }

    /// A setting that is not UTF-8 is an error: with U+FFFD in it, it would name another path. Others' variables are theirs.
    private static func readEnvironment() throws(ConfigurationError) -> [String: String] {
        var result: [String: String] = [:]
        var entry = unsafe pinfold_environ()
        while let pointer = unsafe entry?.pointee {
            let (name, value) = unsafe halves(of: String(cString: pointer))
            if let value, result[name] == nil {
                if name.hasPrefix("AGENT_"), unsafe String(validatingCString: pointer) == nil {
                    throw ConfigurationError(
                        variable: name, value: value, reason: "it is not UTF-8", accepted: "text in UTF-8, of paths too")
                }
                result[name] = value
            }
            unsafe entry = unsafe entry?.advanced(by: 1)
        }
        return result
    }

    /// `NAME=VALUE` at its first sign of equality, whatever combines with that; no value where there is none.
    package static func halves(of text: String) -> (name: String, value: String?) {
        guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else { return (text, nil) }
        return (String(text[..<equals]), String(text[text.utf8.index(after: equals)...]))
    }
}

extension CommandFailure {
    package init(_ error: ConfigurationError) { self.init(.usage, "\(error)") }
}
