internal import CLinux
internal import LinuxSystem

/// The settings that a daemon runs with, in a file of root's that is there for as long as it runs: with a configuration that has gone wrong
/// since, it is reached by them, and after a crash it goes on with them.
///
/// A daemon that ends in order removes its file, and one that never served has none. So one that is there with no daemon says that it died.
package struct RunningSettings: Sendable, Hashable {
    /// What runs.
    package enum Kind: String, Sendable {
        case view = "settings"
        case deployDaemon = "deployd"
    }

    /// The file that its configuration came from; empty where that was none.
    package let configurationFile: String
    private let workingDirectory: String
    /// Every variable that has a value, with that.
    private let values: [String: String]

    package init(_ configuration: Configuration, file: String?, workingDirectory: String) {
        configurationFile = file ?? ""
        self.workingDirectory = workingDirectory
        values = configuration.settings.reduce(into: [:]) { values, setting in
            if let value = setting.value { values[setting.variable.name] = value }
        }
    }

    /// Where the file of what serves `path` is: a view's mountpoint, a deploy daemon's data root.
    package static func file(of kind: Kind, at path: String) -> String {
        let names = MountRuntime(mountpoint: path)
        return kind == .view ? names.settings : "\(MountRuntime.directory)/\(names.name).\(kind.rawValue)"
    }

    /// Read once more, with nothing of today's environment: the same values give the same configuration.
    package func configuration() throws(ConfigurationError) -> Configuration {
        try Configuration.load(environment: values, file: nil, workingDirectory: workingDirectory)
    }

    /// What was left by whatever was started with that configuration file and runs now, or died.
    package static func all(of kind: Kind, from configurationFile: String?) -> [RunningSettings] {
        all(of: kind).filter { $0.configurationFile == configurationFile ?? "" }
    }

    /// The same, whatever it was started with.
    package static func all(of kind: Kind) -> [RunningSettings] {
        guard let stream = unsafe opendir(MountRuntime.directory) else { return [] }
        defer { unsafe closedir(stream) }
        var found: [RunningSettings] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe String(cString: pinfold_dirent_name(entry))
            guard name.hasSuffix("." + kind.rawValue), !name.hasPrefix("."),
                let bytes = try? SmallFile.read("\(MountRuntime.directory)/\(name)", limit: 1 << 20),
                let settings = RunningSettings(encoded: bytes)
            else { continue }
            found.append(settings)
        }
        return found
    }

    // Entries ended by NUL, which no value holds: values may have several lines.

    private static let header = "pinfold running settings 1"

    package var encoded: [UInt8] {
        let entries =
            [Self.header, configurationFile, workingDirectory] + values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return entries.flatMap { Array($0.utf8) + [0] }
    }

    init?(encoded bytes: [UInt8]) {
        let entries = bytes.split(separator: 0, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
        guard entries.count >= 4, entries[0] == Self.header, entries.last == "" else { return nil }
        configurationFile = entries[1]
        workingDirectory = entries[2]
        var values: [String: String] = [:]
        for entry in entries[3...].dropLast() {
            guard let equals = entry.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            values[String(entry[..<equals])] = String(entry[entry.utf8.index(after: equals)...])
        }
        self.values = values
    }
}
