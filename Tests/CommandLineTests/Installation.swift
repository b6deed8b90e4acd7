import LinuxSystem
import TestSupport

/// A machine's worth of Pinfold in a directory of one test: a source tree with the data root in it, a repository to clone, a place
/// to mount.
struct Installation: Sendable {
    /// The whole of it; also the view's source.
    let root: String
    /// The agent: a number that no account has.
    let agent: (uid: UInt32, gid: UInt32) = (54_321, 54_321)

    var data: String { root + "/agent-data" }
    var codeRepo: String { data + "/code-repo" }
    var sandbox: String { data + "/sandbox" }
    var repository: String { root + "/project" }
    var mountpoint: String { root + "/view" }
    /// Read in place of the machine's own configuration.
    var file: String { root + "/pinfold.env" }

    init(_ root: String) throws {
        self.root = root
        try writeFile(file, "# nothing: the test's environment says it all\n")
        try makeDirectories(mountpoint)
    }

    /// A repository with two commits and a branch named `trunk`.
    func makeRepository() throws {
        try shell(
            """
            git init -q -b trunk "$1"; cd "$1"
            echo one > first.txt; mkdir code; echo two > code/second.txt; git add .; git commit -q -m first
            echo three >> first.txt; git commit -q -a -m second
            """.replacing("$1", with: repository)
        ).requireSuccess()
    }

    /// The zones without a clone, for what needs a mount and no repository.
    func makeZones() throws {
        try shell(
            """
            mkdir -p '\(codeRepo)' '\(sandbox)' '\(data)/logs'
            echo log > '\(data)/logs/server.log'; echo mine > '\(sandbox)/mine.txt'
            git init -q -b trunk '\(codeRepo)'
            chown -R \(agent.uid):\(agent.gid) '\(codeRepo)' '\(sandbox)'
            """
        ).requireSuccess()
    }

    var environment: [String: String] {
        [
            "AGENT_DATA_ROOT": data, "AGENT_VIEW_SOURCE": root, "AGENT_VIEW_MOUNTPOINT": mountpoint,
            "AGENT_USER": "\(agent.uid):\(agent.gid)", "AGENT_CODE_SOURCE": repository,
        ]
    }

    /// Runs `pinfold COMMAND` with this installation's configuration.
    /// - Parameter changes: variables that are other ones; an empty value is an empty value.
    @discardableResult
    func pinfold(_ arguments: String..., changes: [String: String] = [:], user: (uid: UInt32, gid: UInt32)? = nil) throws
        -> Finished
    {
        try run(
            Executables.pinfold, arguments + ["--config", file], environment: environment.merging(changes) { $1 },
            workingDirectory: root,
            user: user)
    }

    /// Runs a test in a new installation, and takes down whatever it left mounted.
    static func with(_ body: (Installation) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            defer { _ = try? run(Executables.pinfold, ["umount", "--lazy", installation.mountpoint]) }
            try body(installation)
        }
    }

    /// Every file, directory and link with mode, owner and time of change: equal lists say that nothing was touched.
    func inventory() throws -> String {
        try shell("cd '\(root)' && find . -printf '%p %M %U:%G %n %T@ %C@ %l\\n' | LC_ALL=C sort").requireSuccess()
    }
}

extension Finished {
    /// The one line that it wrote to standard error, without the program's name; nil where that is not what it wrote.
    var complaint: String? {
        let prefix = "pinfold: "
        guard errors.hasPrefix(prefix), errors.hasSuffix("\n"), errors.filter({ $0 == "\n" }).count == 1 else { return nil }
        return String(errors.dropFirst(prefix.count).dropLast())
    }
}
