internal import ArgumentParser
internal import AuditLog
internal import CLinux
internal import CommandLineSupport
internal import DataRoot
internal import PinfoldConfiguration
internal import SystemPackage
internal import ZonePolicy

/// `pinfold audit`: what the agent changed in its zones, and what it was refused.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Show what the agent changed in its zones and what it was refused.",
        discussion: """
            One line a record, the oldest first. The gateway keeps the record below deployments/audit, for root alone: about 128 MiB of it. \
            --verify exits with 1 where a record was altered, removed or reordered, and names it.
            """)

    @Flag(help: "Only what was refused.")
    var denied = false

    @Flag(help: "Go on with what comes, until interrupted.")
    var follow = false

    @Option(
        help: ArgumentHelp(
            "Only what happened since: 2026-01-31, 2026-01-31T12:00:00Z, or 90s, 15m, 2h, 3d ago.", valueName: "time"))
    var since: String?

    @Option(
        help: ArgumentHelp(
            "Only what happened to paths that match, or to what is below them; without a leading slash at any depth.",
            valueName: "glob"))
    var path: String?

    @Flag(help: "Hold every record against the chain of hashes, and show nothing else.")
    var verify = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var options: ConfigurationOptions

    func validate() throws {
        if verify, denied || follow || since != nil || path != nil {
            throw ValidationError("--verify is about the whole record; it goes with --json alone")
        }
    }

    mutating func run() throws {
        try requireRoot(to: "read the audit record")
        let filter = try AuditFilter(denied: denied, since: since, path: path)
        let root = try options.path("AGENT_DATA_ROOT", of: .view) { $0.data.path }
        let directory = DataRoot(root).auditDirectory
        guard unsafe access(directory, F_OK) == 0 else {
            throw CommandFailure(.notDone, "nothing has been recorded: \(directory) does not exist; 'pinfold mount' makes it")
        }
        do {
            if verify { try check(directory) } else { try show(directory, filter) }
        } catch let error as AuditError {
            throw CommandFailure(.notDone, "\(error)")
        } catch let error as Errno {
            throw CommandFailure(.notDone, "\(directory) cannot be read: \(error)")
        }
    }

    private func show(_ directory: String, _ filter: AuditFilter) throws {
        var reader = try AuditReader(directory)
        repeat {
            try reader.read { line in
                guard let record = AuditRecord(line: line) else {
                    return Terminal.complain("a record cannot be read; 'pinfold audit --verify' says which")
                }
                guard filter.matches(record) else { return }
                if output.json { Terminal.say(document: Array(line)) } else { Terminal.say(record.sentence) }
            }
            if follow { poll(nil, 0, 200) }
        } while follow && Terminal.takesResults
    }

    private func check(_ directory: String) throws {
        let found = try AuditReader.verify(directory)
        if output.json {
            try Terminal.say(json: AuditCheck(found))
        } else if found.problem == nil {
            let range = found.first.flatMap { first in found.last.map { "\(first) to \($0)" } }
            Terminal.say("\(found.records) records" + (range.map { ", \($0)" } ?? "") + ": the chain is whole")
        }
        guard let problem = found.problem else { return }
        if output.json { throw ExitCode(CommandExit.notDone.rawValue) }
        throw CommandFailure(.notDone, "\(directory): \(problem)")
    }
}

/// What `--verify --json` prints.
struct AuditCheck: Codable, Sendable {
    let intact: Bool
    let records: Int
    let first: UInt64?
    let last: UInt64?
    let problem: String?

    init(_ found: AuditVerification) {
        intact = found.problem == nil
        records = found.records
        first = found.first
        last = found.last
        problem = found.problem
    }
}

extension AuditRecord {
    /// The record in words.
    var sentence: String {
        var words = String(time.prefix(19)).replacing("T", with: " ") + "Z "
        let number = count.map(String.init) ?? "some"
        switch operation {
        case "start": return words + "the gateway started (process \(process))"
        case "stop": return words + "the gateway stopped (process \(process))"
        case "dropped": return words + "\(number) events were not recorded: too many at once, or the disk did not take them"
        case "torn": return words + "\(number) bytes of an unfinished record were cut off after a crash"
        case "pruned":
            return words
                + "the \(number) oldest records went, up to \(through.map(String.init) ?? "an unknown one"): there is no room for more"
        default: break
        }
        words += rule == nil ? "" : "REFUSED "
        words += "\(operation) \(path)"
        if let second { words += " -> \(second)" }
        words += " (\(zone)) by \(command.isEmpty ? "process" : command) \(process), "
        words += user == AuditEvent.unknownUser ? "which had ended" : "uid \(user)"
        if let rule { words += ": \(error), \(rule)" + (pattern.map { " (pattern \($0))" } ?? "") }
        return words
    }
}
