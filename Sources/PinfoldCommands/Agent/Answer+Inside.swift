internal import AdminInterface
internal import CLinux
internal import CommandLineSupport
internal import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

extension Answer {
    /// From inside the view: the rules as the deploy daemon knows them, by names; what exists, and what its modes allow, as the kernel says it to this user.
    ///
    /// Links are followed here. Who asks learns nothing of what the view does not show, and the daemon resolves no path of a stranger's.
    init(inside path: String, about question: Question, asking daemon: DaemonConnection) throws(CommandFailure) {
        let resolved = try ResolvedPath(absolutePath(path, in: workingDirectory()))
        let asked = [resolved.text] + resolved.links.map(\.path)
        let answer: PathExplanations = try daemon.send(PathsRequest(paths: asked), to: .explain)
        guard let end = answer.paths.first, answer.paths.count == asked.count else {
            throw CommandFailure(
                .notDone, "the deploy daemon answered about other paths; install pinfold and pinfold-deployd of one version")
        }
        let hidden = answer.paths.dropFirst().map(\.read).first { !$0.allowed }
        let mount = Self.mount(of: resolved.text)
        let own = OwnMount(mount)
        let access: ZoneAccess? = end.zone != Zone.sandbox.label ? nil : mount?.isDirect == true ? .direct : .served
        self.init(
            question: question, path: path, resolved: resolved.text, exists: resolved.exists, links: resolved.links,
            zone: own == nil ? end.zone : "private", access: access?.rawValue, obstacle: nil, isLive: nil,
            read: Self.verdict(hidden ?? end.read, own, resolved, R_OK),
            write: Self.verdict(hidden ?? end.write, own, resolved, W_OK), modes: resolved.modes)
    }

    /// The mount that a path is on.
    private static func mount(of path: String) -> MountEntry? {
        guard let table = try? MountTable.read() else { return nil }
        let holding = table.entries.filter { isPath(path, atOrBelow: $0.mountpoint) }
        let deepest = holding.map(\.mountpoint.utf8.count).max() ?? 0
        return holding.last { $0.mountpoint.utf8.count == deepest }
    }

    private static func verdict(_ rule: PathRule, _ own: OwnMount?, _ resolved: ResolvedPath, _ mode: Int32) -> Verdict {
        let obstacle = KernelsWord.obstacle(to: mode, resolved)
        if let own {
            // The rules are about the host's directory, which this mount lies over.
            return Verdict(
                allowed: obstacle == nil, rule: "own-mount",
                sentence: "\(own.mountpoint) (\(own.type)) is this run's own"
                    + (mode == W_OK && own.isTemporary ? ", and gone at its end" : ""),
                errno: obstacle?.code, pattern: nil)
        }
        guard rule.allowed, let obstacle else {
            return Verdict(
                allowed: rule.allowed, rule: rule.rule, sentence: rule.sentence, errno: rule.errno, pattern: rule.pattern)
        }
        return Verdict(
            allowed: false, rule: "modes", sentence: "the view's rules allow it, \(obstacle.sentence)", errno: obstacle.code,
            pattern: nil)
    }
}

/// A mount that `pinfold run` makes anew, over a directory of the host's: `/proc`, `/dev`, `/tmp`, `/run`.
private struct OwnMount {
    let mountpoint: String
    let type: String
    var isTemporary: Bool { type == "tmpfs" }

    /// Nil for one of the view's.
    init?(_ mount: MountEntry?) {
        guard let mount, Self.types.contains(mount.type), !mount.isDirect else { return nil }
        (mountpoint, type) = (mount.mountpoint, mount.type)
    }

    private static let types: Set<String> = ["tmpfs", "proc", "devpts", "mqueue", "devtmpfs", "sysfs"]
}

/// What the kernel says to this process's user (`man 2 faccessat`).
private enum KernelsWord {
    /// Nil where nothing stands in the way, also where nothing is there and it could be made.
    static func obstacle(to mode: Int32, _ resolved: ResolvedPath) -> (code: Int32, sentence: String)? {
        if let bar = resolved.bar { return (EACCES, "but \(bar.directory) lets this user look no further: \(bar.modes)") }
        guard let modes = resolved.modes else {
            guard mode == W_OK else { return nil }
            var parent = split(resolved.text).parent
            while parent != "/", code(parent, F_OK) == ENOENT { parent = split(parent).parent }
            return code(parent, W_OK | X_OK).map { ($0, "but in \(parent) this user can make nothing") }
        }
        return code(resolved.text, mode).map { ($0, "but the file's own modes do not: \(modes)") }
    }

    private static func code(_ path: String, _ mode: Int32) -> Int32? {
        unsafe faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0 ? nil : pinfold_errno()
    }
}
