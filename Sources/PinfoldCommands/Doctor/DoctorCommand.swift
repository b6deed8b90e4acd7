internal import ArgumentParser
internal import CommandLineSupport
internal import LinuxSystem
internal import PinfoldConfiguration
internal import ZonePolicy

/// `pinfold doctor`: a line a check, with what it means and what to do about it.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check the machine and the configuration.",
        discussion: """
            A check that FAILED is something that Pinfold needs (exit code 1); a limited one works, slower or with less. Nothing is changed. \
            Inside the view it is about what the agent works with, not about the machine.
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var options: ConfigurationOptions

    mutating func run() throws {
        if Inside.isHere { return try InsideReport(options).show(asJSON: output.json) }
        let report = try DoctorReport(options)
        if output.json { try Terminal.say(json: report) } else { Terminal.say(report.text) }
        guard report.healthy else {
            let failed = report.checks.filter { $0.state == .failed }.map(\.name)
            throw CommandFailure(
                report.exit, "\(failed.count) of \(report.checks.count) checks failed: \(failed.joined(separator: ", "))")
        }
    }
}

/// All findings; what `--json` prints.
struct DoctorReport: Codable, Sendable {
    struct Value: Codable, Sendable {
        let name: String
        /// nil for none.
        let value: String?
        /// What no value means.
        let note: String?
        /// `flag`, `environment`, `default`, or the file's path.
        let origin: String
        let meaning: String
    }

    struct Pattern: Codable, Sendable {
        let pattern: String
        /// Why it is there, where it is one of the built-in ones.
        let reason: String?
    }

    let healthy: Bool
    let checks: [Check]
    let variables: [Value]
    let hide: [Pattern]
    let protect: [Pattern]

    /// 1, or 2 where the configuration itself could not be read.
    var exit: CommandExit { variables.isEmpty ? .usage : .notDone }

    init(_ options: ConfigurationOptions) throws {
        var checks: [Check] = []
        if !isRoot {
            checks.append(Check("root", .failed, "this is not root, so the trials below say little", advice: "run it with sudo"))
        }
        do {
            let configuration = try options.load()
            checks += MachineChecks.all(source: configuration.view.source, zone: configuration.zones.codeRepo)
            checks.append(Check("configuration", .ok, "every variable is known and has a value that can be used"))
            checks += ConfigurationChecks.all(configuration) + [ReviewUserCheck.check(configuration)]
            checks += ConfigurationChecks.policy(file: options.shared.config)
            variables = configuration.settings.map(Value.init)
            hide = configuration.view.hide.map { Pattern($0, of: DefaultPattern.hide) }
            protect = configuration.view.protect.map { Pattern($0, of: DefaultPattern.protect) }
        } catch {
            checks += MachineChecks.all(source: "/", zone: "/var/tmp")
            checks.append(Check("configuration", .failed, error.message))
            (variables, hide, protect) = ([], [], [])
        }
        healthy = !checks.contains { $0.state == .failed }
        self.checks = checks
    }

    var text: String {
        var lines = checks.map(\.lines)
        if !variables.isEmpty {
            lines += ["", "Variables:"]
            lines += variables.map { "  \($0.name)=\($0.value ?? "")" + ($0.note.map { "  (\($0))" } ?? "") + "  (\($0.origin))" }
            lines += ["", "Paths that do not exist in the view (AGENT_VIEW_HIDE):"] + hide.map(\.line)
            lines += ["", "Names that cannot be touched in a zone (AGENT_PROTECT):"] + protect.map(\.line)
        }
        return lines.joined(separator: "\n")
    }
}

extension DoctorReport.Value {
    init(_ setting: Setting) {
        let origin =
            switch setting.origin {
            case .flag: "flag"
            case .environment: "environment"
            case .file(let path): path
            case .standard: "default"
            }
        self.init(
            name: setting.variable.name, value: setting.value,
            note: setting.value == nil ? setting.variable.defaultNote ?? "none" : nil,
            origin: origin, meaning: setting.variable.meaning)
    }
}

extension DoctorReport.Pattern {
    init(_ pattern: String, of defaults: [DefaultPattern]) {
        self.init(pattern: pattern, reason: defaults.first { $0.pattern == pattern }?.reason)
    }

    fileprivate var line: String { "  \(pattern)" + (reason.map { "  (\($0))" } ?? "") }
}
