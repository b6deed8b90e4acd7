internal import AdminInterface
internal import ArgumentParser
internal import CLinux
internal import CommandLineSupport
internal import DataRoot
internal import DeployModel
internal import LinuxSystem
internal import PinfoldConfiguration
internal import PlainText
internal import ZonePolicy

/// `pinfold why`: the gateway's own rules, asked about one path.
struct WhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why", abstract: "Say whether the agent may read or write a path, and which rule decides.",
        discussion: """
            The answer is the gateway's; the file's own modes, groups and ACLs hold as well. Exit code 0: it may; 1: it may not. The path need \
            not exist, and no view needs to be mounted. Inside the view the deploy daemon is asked for the rules, and the kernel for the rest.
            """)

    @Argument(help: ArgumentHelp("The path; a relative one starts in the working directory.", valueName: "path"))
    var path: String

    @Flag(help: "Ask about writing: content, attributes, and making, removing or renaming the name.")
    var write = false

    @Flag(
        help:
            "Ask the deploy daemon whether a file of the repository judges the agent, and why. Exit code 0: it does; 1: it does not."
    )
    var surface = false

    @OptionGroup var output: OutputOptions
    @OptionGroup var options: ConfigurationOptions

    mutating func run() throws {
        guard !path.isEmpty else { throw CommandFailure(.usage, "an empty path names nothing") }
        if surface { return try askDaemon() }
        let answer =
            Inside.isHere
            ? try Answer(inside: path, about: write ? .write : .read, asking: DaemonConnection(inside: options))
            : try Answer(path: path, about: write ? .write : .read, configuration: try options.load())
        if output.json { try Terminal.say(json: answer) } else { Terminal.say(answer.text) }
        if !(write ? answer.write : answer.read).allowed { throw ExitCode(CommandExit.notDone.rawValue) }
    }
}

extension WhyCommand {
    private func askDaemon() throws {
        let configuration = try options.loadOrRunning(.deployDaemon, "AGENT_DATA_ROOT") { $0.data.path }
        let answer: SurfaceAnswer = try DaemonConnection(configuration.data).ask(
            .surface, query: [(Query.path, try treePath(configuration))])
        if output.json {
            try Terminal.say(record: answer)
        } else {
            let version = answer.base.map { " (as \($0.short) says, which is compared with)" } ?? ""
            Terminal.say(
                answer.reason.map { "\(answer.path.plain()) judges the agent: \($0)\(version)" }
                    ?? "\(answer.path.plain()) does not judge the agent\(version)")
        }
        if !answer.judges { throw ExitCode(CommandExit.notDone.rawValue) }
    }

    /// From the repository's top: of a path in code-repo, or of one that is given that way.
    private func treePath(_ configuration: Configuration) throws(CommandFailure) -> String {
        let root = configuration.zones.codeRepo
        let absolute = Self.names(absolutePath(path, in: workingDirectory())) ?? []
        var names: [String]?
        for root in [root, (try? realPath(root)) ?? root] {
            let above = Self.names(root) ?? []
            if names == nil, absolute.starts(with: above) { names = Array(absolute.dropFirst(above.count)) }
        }
        if names == nil, path.utf8.first != UInt8(ascii: "/") { names = Self.names(path) }
        guard let names, !names.isEmpty else {
            throw CommandFailure(.usage, "\(path) is no file in \(root), whose files judge the agent")
        }
        return names.joined(separator: "/")
    }

    /// As a tree of git's has them: without `.`, `..` and empty names; nil where they lead above what they begin in.
    static func names(_ path: String) -> [String]? {
        var names: [String] = []
        for name in path.utf8.split(separator: UInt8(ascii: "/")).map({ String(Substring($0)) }) where name != "." {
            if name != ".." {
                names.append(name)
            } else if names.popLast() == nil {
                return nil
            }
        }
        return names
    }
}

/// What `--json` prints.
struct Answer: Codable, Sendable {
    struct Verdict: Codable, Sendable {
        let allowed: Bool
        /// The rule's word, or `zone` or `view` where nothing stands against it.
        let rule: String
        let sentence: String
        /// What the system call answers; nil where it is allowed.
        let errno: Int32?
        let pattern: String?
    }

    enum Question: String, Codable, Sendable {
        case read, write
    }

    let question: Question
    let path: String
    /// With links followed; what the rules are asked about.
    let resolved: String
    /// Nil where this user may not look.
    let exists: Bool?
    let links: [ResolvedPath.Link]
    let zone: String
    /// Of the sandbox: `direct` or `served`; nil elsewhere, and where only root could tell.
    let access: String?
    /// Why it is served where `AGENT_SANDBOX_ACCESS` does not ask for that.
    let obstacle: String?
    /// Whether its files are read anew at each open; nil where that is not known.
    let isLive: Bool?
    let read: Verdict
    let write: Verdict
    /// `mode 640, owner 0, group 42`; nil where nothing is seen.
    let modes: String?
}

extension Answer {
    init(path: String, about question: Question, configuration: Configuration) throws(CommandFailure) {
        let resolved = try ResolvedPath(absolutePath(path, in: workingDirectory()))
        let policy: AccessPolicy
        do {
            policy = try configuration.accessPolicy()
        } catch {
            throw CommandFailure(.usage, "\(error)")
        }
        let end = policy.explain(resolved.components, .read)
        // A link that is hidden itself leads nowhere, whatever it points at.
        let hiddenLink = resolved.links.lazy.compactMap { link in
            policy.explain(link.path.utf8.split(separator: UInt8(ascii: "/")).map(Array.init), .read).decision.refusal
        }.first
        let pseudo = pseudoFilesystem(of: resolved.text)
        let access = end.zone == .sandbox ? SandboxAccess.now(configuration) : nil
        self.init(
            question: question, path: path, resolved: resolved.text, exists: resolved.exists, links: resolved.links,
            zone: end.zone.label, access: access?.access.rawValue, obstacle: access?.obstacle,
            isLive: (try? LiveDirectories(configuration.resolvingSymbolicLinks()))?.contains(resolved.text),
            read: Verdict(hiddenLink?.finding ?? end.finding(about: .read), pseudo: pseudo),
            write: Verdict(
                hiddenLink?.finding ?? policy.explain(resolved.components, .write).finding(about: .write), pseudo: pseudo),
            modes: resolved.modes)
    }

    var text: String {
        let verdict = question == .read ? read : write
        // Names are the agent's: none of them begins a line.
        var lines = ["\(path.plain()): the agent \(verdict.allowed ? "may" : "may not") \(question.rawValue) it"]
        if let link = links.first {
            lines.append(
                "  leads to \(resolved.plain()), through the symbolic link \(link.path.plain())"
                    + (links.count > 1 ? " and \(links.count - 1) more" : ""))
        } else if resolved != path {
            lines.append("  is \(resolved.plain())")
        }
        let served = obstacle.map { ": \($0)" } ?? ""
        lines.append("  zone: \(zone)" + (access.map { ", \($0)\(served)" } ?? "") + (isLive == true ? ", live" : ""))
        lines.append("  rule: \(verdict.sentence)" + (verdict.errno.map { " → \(errorName($0))" } ?? ""))
        if let modes {
            if verdict.allowed { lines.append("  and the file's own modes hold: \(modes)") }
        } else {
            lines.append(exists == nil ? "  what is there, this user may not see" : "  nothing exists there now")
        }
        return lines.joined(separator: "\n")
    }
}

extension Answer.Verdict {
    init(_ finding: Finding, pseudo: String? = nil) {
        guard let pseudo, finding.isAllowed else {
            self.init(
                allowed: finding.isAllowed, rule: finding.rule, sentence: finding.sentence, errno: finding.errno,
                pattern: finding.pattern)
            return
        }
        self.init(
            allowed: false, rule: "host-pseudo-filesystem",
            sentence: "the host's \(pseudo) is not shown; the agent has a /proc, a /dev and a /tmp of its own", errno: ENOENT,
            pattern: nil)
    }
}

/// The type of the host's pseudo filesystem that holds the path; nil for a real one.
private func pseudoFilesystem(of path: String) -> String? {
    let pseudo: Set<String> = [
        "proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "securityfs", "debugfs", "tracefs", "configfs", "bpf", "pstore",
        "mqueue",
        "efivarfs", "fusectl", "binfmt_misc", "autofs", "rpc_pipefs", "nsfs",
    ]
    guard let table = try? MountTable.read() else { return nil }
    let holding = table.entries.filter { isPath(path, atOrBelow: $0.mountpoint) }
    let deepest = holding.map(\.mountpoint.utf8.count).max() ?? 0
    guard let entry = holding.last(where: { $0.mountpoint.utf8.count == deepest }), pseudo.contains(entry.type) else { return nil }
    return "\(entry.mountpoint) (\(entry.type))"
}

func errorName(_ code: Int32) -> String {
    switch code {
    case EROFS: "EROFS, read-only file system"
    case EPERM: "EPERM, operation not permitted"
    case EACCES: "EACCES, permission denied"
    case ENOENT: "ENOENT, no such file or directory"
    case EXDEV: "EXDEV, invalid cross-device link"
    default: "errno \(code)"
    }
}
