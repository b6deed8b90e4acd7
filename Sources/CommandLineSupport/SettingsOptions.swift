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
            let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw CommandFailure(.usage, "--set: '\(setting)' is not NAME=VALUE")
            }
            overrides[String(parts[0])] = String(parts[1])
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
        try Configuration.load(
            environment: environment(), file: file ?? presentDefaultFile(), overrides: overrides,
            workingDirectory: workingDirectory())
    }

    /// A file that exists and cannot be read is an error of `read`, never skipped.
    private static func presentDefaultFile() -> String? {
        unsafe access(defaultFile, F_OK) == 0 ? defaultFile : nil
    }

    /// This process's environment; a name given twice counts as it does for `getenv`: the first one.
    package static func environment() -> [String: String] {
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
    package init(_ error: ConfigurationError) { self.init(.usage, "\(error)") }
}
