import GitRepository
import LinuxSystem
import SystemPackage
import TestSupport

/// A repository made by the git program, with the branch `main`.
struct TestRepository {
    let path: String

    init(at path: String, _ options: [String] = []) throws {
        self.path = path
        try run("git", ["init", "-q", "-b", "main"] + options + [path]).requireSuccess()
        // A collection that git starts of itself, in the background, would meet those that the tests start.
        try git("config", "gc.auto", "0")
        try git("config", "maintenance.auto", "false")
    }

    init(existing path: String) { self.path = path }

    @discardableResult
    func git(_ arguments: String...) throws -> String {
        try run("git", arguments, workingDirectory: path).requireSuccess().trimmingEnd
    }

    @discardableResult
    func script(_ text: String) throws -> String {
        try shell(text, workingDirectory: path).requireSuccess().trimmingEnd
    }

    func write(_ name: String, _ text: String) throws {
        if let slash = name.lastIndex(of: "/") { try makeDirectories(path + "/" + String(name[..<slash])) }
        try writeFile(path + "/" + name, text)
    }

    @discardableResult
    func commit(_ message: String = "change") throws -> ObjectID {
        try git("add", "-A")
        try git("commit", "-q", "--allow-empty", "-m", message)
        return try head()
    }

    func head(_ name: String = "HEAD") throws -> ObjectID {
        let text = try git("rev-parse", name)
        guard let id = ObjectID(text) else { throw TestFailure("\(text) is no object id") }
        return id
    }

    /// Writes an object of any content, as no well-meaning git does.
    func object(_ type: String, _ content: [UInt8]) throws -> ObjectID {
        let file = path + "/.git/literal"
        try writeBytes(file, content)
        let text = try git("hash-object", "-t", type, "-w", "--literally", file)
        guard let id = ObjectID(text) else { throw TestFailure("\(text) is no object id") }
        return id
    }

    /// A tree with entries as they are given, checked by nobody.
    func tree(_ entries: (mode: String, name: String, id: ObjectID)...) throws -> ObjectID {
        try object("tree", entries.flatMap { Array("\($0.mode) \($0.name)\0".utf8) + $0.id.bytes })
    }

    /// A commit of `tree` without parents that `main` names from now on.
    func commitTree(_ tree: ObjectID) throws -> ObjectID {
        let text = try git("commit-tree", tree.description, "-m", "made by hand")
        try git("update-ref", "refs/heads/main", text)
        return try head("main")
    }

    func blob(_ text: String) throws -> ObjectID { try object("blob", Array(text.utf8)) }

    /// What `pinfold-git pack` hands over, in a file.
    func pack(_ tip: String = "main", haves: [ObjectID] = [], _ options: [String] = [], to file: String) throws {
        let words = [path, tip] + haves.flatMap { ["--have", $0.description] } + options
        try shell("exec \(Executables.git) pack \(words.joined(separator: " ")) > \(file)").requireSuccess()
    }
}

extension String {
    var trimmingEnd: String {
        var text = self
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}

func writeBytes(_ path: String, _ bytes: [UInt8]) throws {
    let file = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
    defer { try? file.close() }
    _ = try file.writeAll(bytes)
}

extension GitMirror {
    /// Takes in what is in a file.
    @discardableResult
    func takeIn(file: String, limits: IntakeLimits = IntakeLimits()) throws -> TakenIn {
        let opened = try FileDescriptor.open(FilePath(file), .readOnly, options: [.closeOnExec])
        defer { try? opened.close() }
        return try takeIn(packFrom: opened.rawValue, limits: limits, deadline: .now + .seconds(100))
    }

    /// Takes in what a shell command writes into a pipe.
    func takeIn(script: String, limits: IntakeLimits = IntakeLimits(), seconds: Int = 100) throws -> TakenIn {
        let (reading, writing) = try FileDescriptor.pipe()
        defer { try? reading.close() }
        let child = try Self.start(script, writingTo: writing)
        let outcome = Result { try takeIn(packFrom: reading.rawValue, limits: limits, deadline: .now + .seconds(seconds)) }
        try? child.signal(9)
        _ = try child.wait()
        return try outcome.get()
    }

    private static func start(_ script: String, writingTo pipe: FileDescriptor) throws -> ChildProcess {
        // The child's copy must be the only one, or its end is never seen.
        defer { try? pipe.close() }
        return try ChildProcess(.init("sh", ["-c", script], descriptors: [1: pipe.rawValue], newSession: true))
    }

    /// Everything of a repository's branch.
    @discardableResult
    func takeIn(_ repository: TestRepository, haves: [ObjectID] = [], in directory: String) throws -> TakenIn {
        let file = "\(directory)/handed-over-\(UInt64.random(in: 0...UInt64.max))"
        try repository.pack(haves: haves, to: file)
        return try takeIn(file: file)
    }

    /// What the git program finds wrong with the mirror: nothing, or a failure.
    func verify() throws {
        try run("git", ["--git-dir", path, "fsck", "--strict", "--full"]).requireSuccess()
    }
}

/// The kind of the error that `body` throws; nil where it throws none or another.
func kind(of body: () throws -> Void) -> GitError.Kind? {
    do {
        try body()
        return nil
    } catch {
        return (error as? GitError)?.kind
    }
}

/// How `pinfold-git` ended.
func pinfoldGit(_ arguments: String..., user: (uid: UInt32, gid: UInt32)? = nil) throws -> Finished {
    try run(Executables.git, arguments, user: user)
}

extension Finished {
    var kind: GitError.Kind? {
        guard case .exited(let code) = status else { return nil }
        return GitError.Kind(exitCode: code)
    }
}
