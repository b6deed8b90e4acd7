package import DataRoot
package import DeployModel

/// Everything that the admin decides, read once at start: environment over configuration file over defaults, flags above all.
///
/// Paths are absolute, `${…}` is expanded, values have been checked; what only the disk can tell (is it a directory, does the user exist)
/// is checked by whoever needs it.
package struct Configuration: Sendable {
    package var data: DataRoot
    package var zones: ZoneSettings
    package var view: ViewSettings
    package var agent: AgentSettings
    package var deploy: DeploySettings
    /// Each variable with the text of its value and where that came from, in the order of `Variable.all`.
    package var settings: [Setting]

    /// Reads the configuration.
    ///
    /// - Parameters:
    ///   - environment: this process's environment; every `AGENT_*` name in it must be known.
    ///   - file: path of a file of `NAME=value` lines below the environment, or nil.
    ///   - overrides: flags, by the name of the variable that they stand for.
    ///   - workingDirectory: absolute; relative paths start here, or in `/` if it is empty.
    /// - Throws: the first error found, which names the variable, its value and what would have been accepted.
    package static func load(
        environment: [String: String], file: String?, overrides: [String: String] = [:], workingDirectory: String
    ) throws(ConfigurationError) -> Configuration {
        let lines = if let file { try ConfigurationFile.read(file) } else { [:] as [String: String] }
        return try Configuration(
            ValueSource(
                environment: environment, file: lines, fileName: file, overrides: overrides, workingDirectory: workingDirectory))
    }

    /// What flags and environment say of one path, whatever is wrong with the rest of the environment; the default where they say
    /// nothing.
    package static func path(
        _ variable: String, environment: [String: String], overrides: [String: String], workingDirectory: String
    ) throws(ConfigurationError) -> String {
        var reader = ValueReader(
            try ValueSource(
                environment: environment.filter { !$0.key.hasPrefix("AGENT_") || Variable.named($0.key) != nil }, file: [:],
                fileName: nil, overrides: overrides, workingDirectory: workingDirectory))
        return try reader.path(variable)
    }
}
