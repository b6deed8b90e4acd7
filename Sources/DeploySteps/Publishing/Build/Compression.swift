internal import DataRoot
internal import DeployModel
internal import DurableFiles
internal import Fence

/// Makes what servers hand out in a file's stead to browsers that take it compressed: `.gz`, and `.br` where `brotli` is installed.
///
/// By the distribution's programs, behind the fence: what they read is the agent's.
struct Compression {
    let work: Work
    /// Below that nothing is won: an answer is one packet anyway.
    static let smallest = 1024

    /// Puts them beside the files of `tree`, which is root's, where they are smaller.
    func add(to tree: String) throws {
        let directory = work.workplace.clientCompression
        try Tree.remove(directory)
        try DurableFile.makeDirectory(directory, mode: 0o700)
        defer { try? Tree.discard(directory, into: work.settings.data.work) }
        let agent = (uid: work.settings.agentUID, gid: work.settings.agentGID)
        try Overlay(root: directory, owner: agent).makeDirectory(Array("tree".utf8))
        let made = directory + "/tree"
        let command = ConfinedCommand(
            name: "compress", phase: Phase(["/bin/sh", "-c", Self.script]), shown: "gzip, brotli",
            version: VersionMount(source: made, directory: "/run/out", hiding: Paths.resolved(work.settings.data.deployments)),
            settings: work.settings, network: Fence.Network.none, readOnly: [(tree, "/run/in")])
        let ending = try command.run(work.tools)
        guard ending.succeeded else { throw DeployError.broken("the client's files could not be compressed: \(ending.sentence)") }
        let into = Overlay(root: tree, owner: (0, 0))
        let from = Overlay(root: made, owner: (0, 0))
        var sizes: [[UInt8]: Int64] = [:]
        try Tree.visit(tree) { entry, _ throws(FileError) in if entry.kind == .file { sizes[entry.path] = entry.size } }
        for entry in try Tree.entries(made) where entry.kind == .file {
            guard let original = ClientPath.original(of: entry.description), let size = sizes[Array(original.utf8)],
                entry.size < size,
                let bytes = try from.read(entry.path, limit: Int(size))
            else { continue }
            try into.put(entry.path, contents: bytes, mode: 0o644)
        }
    }

    /// Each program has many files, and no name is an option.
    private static let script = """
        cd /run/in && find . -type f -size +\(smallest - 1)c \\( \(ClientPath.compressible.map { "-iname '*.\($0)'" }.joined(separator: " -o ")) \\) -print0 \
            | xargs -0 -r cp --parents -t /run/out -- || exit
        cd /run/out
        if command -v brotli > /dev/null; then find . -type f -print0 | xargs -0 -r -n 100 -P 2 brotli -q 9 -k -f -- || exit; fi
        find . -type f ! -name '*.br' -print0 | xargs -0 -r -n 100 -P 2 gzip -9 -n -f --
        """
}
