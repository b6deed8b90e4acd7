internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The directories of a gateway, opened and held against each other. Nothing has been changed or mounted yet.
struct Layout: ~Copyable {
    let source: Directory
    let codeRepo: Directory
    let sandbox: Directory
    let mountpoint: String
    /// Where the whole system is mounted around a source that is narrower.
    let surroundings: String?
    /// The ways from the source to the directories whose files may change without a report, none below another.
    let live: [String]

    /// A directory that was found, and the path that leads to it without a symbolic link.
    struct Directory: ~Copyable {
        let path: String
        let descriptor: Descriptor
    }

    /// The first thing that is wrong is the error: exit code 2.
    init(_ options: GatewayOptions) throws(GatewayError) {
        guard geteuid() == 0 else {
            throw .configuration("only root can serve a view: mounting and acting for others need its privileges")
        }
        guard options.agentUser != 0 else {
            throw .configuration("--agent: the agent's user is root (uid 0), whom no permission stops; choose an unprivileged user")
        }
        let source = try Self.directory(options.source, "--source")
        let codeRepo = try Self.directory(options.codeRepo, "--code-repo")
        let sandbox = try Self.directory(options.sandbox, "--sandbox")
        let mountpoint = try Self.mountpoint(options.mountpoint)
        try Self.checkNesting(source: source.path, codeRepo: codeRepo.path, sandbox: sandbox.path, mountpoint: mountpoint)
        if let surroundings = options.surroundings {
            guard source.path != "/" else { throw .configuration("--surroundings: nothing is around the source /") }
            guard surroundings.hasPrefix("/") else {
                throw .configuration("--surroundings: \(surroundings) is not an absolute path")
            }
        }
        let live = try Self.live(options.live, source: source.path, zones: [codeRepo.path, sandbox.path])
        surroundings = options.surroundings
        self.live = live
        self.source = source
        self.codeRepo = codeRepo
        self.sandbox = sandbox
        self.mountpoint = mountpoint
    }

    private static func checkNesting(source: String, codeRepo: String, sandbox: String, mountpoint: String) throws(GatewayError) {
        for (option, zone) in [("--code-repo", codeRepo), ("--sandbox", sandbox)] {
            guard isBelow(zone, source) else { throw .configuration("\(option): \(zone) does not lie inside the source \(source)") }
            guard mountpoint != zone, !isBelow(mountpoint, zone) else {
                throw .configuration(
                    "--mountpoint: \(mountpoint) lies in the zone \(zone), which the agent writes; mount elsewhere")
            }
        }
        guard codeRepo != sandbox, !isBelow(codeRepo, sandbox), !isBelow(sandbox, codeRepo) else {
            throw .configuration(
                "--code-repo \(codeRepo) and --sandbox \(sandbox) lie inside each other; zones are separate directories")
        }
        guard mountpoint != source, !isBelow(source, mountpoint) else {
            throw .configuration("--mountpoint: \(mountpoint) would hide the source \(source) that it shows; mount elsewhere")
        }
    }

    private static func live(_ paths: [String], source: String, zones: [String]) throws(GatewayError) -> [String] {
        var found: [String] = []
        for path in paths {
            let real = try directory(path, "--live").path
            guard isBelow(real, source) else { throw .configuration("--live: \(path) does not lie inside the source \(source)") }
            for zone in zones where zone == real || isBelow(zone, real) || isBelow(real, zone) {
                throw .configuration("--live: \(path) and the zone \(zone) lie inside each other")
            }
            found.append(String(real.dropFirst(source == "/" ? 1 : source.count + 1)))
        }
        let all = Set(found)
        return all.filter { path in !all.contains { isBelow("/" + path, "/" + $0) } }.sorted()
    }

    /// The way from the source to a zone.
    func relativePath(of zone: borrowing Directory) -> String {
        String(zone.path.dropFirst(source.path == "/" ? 1 : source.path.count + 1))
    }

    private static func directory(_ path: String, _ option: String) throws(GatewayError) -> Directory {
        guard path.hasPrefix("/") else { throw .configuration("\(option): \(path) is not an absolute path") }
        guard let real = canonicalPath(path) else {
            throw .configuration("\(option): \(path) cannot be used: \(Errno.current)")
        }
        do throws(Errno) {
            return Directory(path: real, descriptor: try Descriptor.open(real, [.path, .directory, .noFollow]))
        } catch {
            throw .configuration("\(option): \(path) \(error == .notDirectory ? "is not a directory" : "cannot be used: \(error)")")
        }
    }

    /// The last name is not looked at: a dead daemon's mount may be there.
    private static func mountpoint(_ path: String) throws(GatewayError) -> String {
        let names = path.split(separator: "/")
        guard path.hasPrefix("/"), let last = names.last, last != "..", last != "." else {
            throw .configuration("--mountpoint: \(path) is not an absolute path below /")
        }
        let parent = "/" + names.dropLast().joined(separator: "/")
        guard let real = canonicalPath(parent) else {
            throw .configuration("--mountpoint: \(parent) cannot be used: \(Errno.current)")
        }
        return (real == "/" ? "" : real) + "/" + last
    }

    private static func isBelow(_ path: String, _ directory: String) -> Bool {
        path.hasPrefix(directory == "/" ? "/" : directory + "/") && path != directory
    }
}
