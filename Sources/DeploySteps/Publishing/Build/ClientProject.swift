internal import DurableFiles
internal import PlainText
internal import SystemPackage

package import DeployModel

/// A commit's client: where its sources are, and what builds it.
package struct ClientProject: Sendable {
    /// From the tree's top; empty for the top itself.
    package let source: String
    /// nil where it has none.
    package let node: NodePackage?
    package let command: String
    /// What its packages are, as npm locks them; nil where it has none.
    let lock: [UInt8]?

    /// Why there is a client and it cannot be built, in a sentence, and what to do.
    package struct Fault: Error, Hashable, Sendable {
        package let reason: String
        package let advice: String
    }

    /// The client of a tree whose files nobody changes; nil where it has none.
    package static func find(in tree: String, _ settings: ClientSettings) throws -> ClientProject? {
        let source: String
        switch settings.source {
        case .none: return nil
        case .found:
            source = "client"
            guard try isDirectory(source, in: tree), try PathState(of: tree + "/client/" + NodePackage.manifestName) == .file else {
                return nil
            }
        case .directory(let path):
            source = path == "." ? "" : path
            guard try isDirectory(source, in: tree) else {
                throw Fault(
                    reason: "the commit has no directory \(path.plain()), where its client is to be",
                    advice: "put it back, or let an admin change AGENT_DEPLOY_CLIENT_SOURCE (none publishes nothing)")
            }
        }
        return try ClientProject(in: tree + (source.isEmpty ? "" : "/" + source), source: source, settings)
    }

    /// Bytes. It is read in the daemon, and each of its values takes many times what it takes in the file.
    private static let lockLimit = 8 << 20

    private init(in directory: String, source: String, _ settings: ClientSettings) throws {
        self.source = source
        let prefix = source.isEmpty ? "" : source + "/"
        func file(_ name: String, limit: Int) throws -> [UInt8]? {
            guard try PathState(of: directory + "/" + name) == .file else { return nil }
            return try DurableFile.read(directory + "/" + name, limit: limit)
        }
        do throws(NodePackage.Objection) {
            node = try (try? file(NodePackage.manifestName, limit: 1 << 20))?.map { bytes throws(NodePackage.Objection) in
                try NodePackage(bytes)
            }
        } catch {
            throw Fault(reason: "\(prefix)\(error.description)", advice: "mend it")
        }
        do {
            lock = try NodePackage.lockNames.lazy.compactMap { try file($0, limit: Self.lockLimit) }.first
        } catch let error as FileError where error.code == .fileTooLarge {
            throw Fault(
                reason: "\(prefix)\(error.path.split(separator: "/").last ?? "") is larger than \(Self.lockLimit >> 20) MiB",
                advice: "let an admin set AGENT_DEPLOY_CLIENT_BUILD_COMMAND")
        }
        if let command = settings.buildCommand {
            self.command = command
            return
        }
        guard let node, node.hasBuild else {
            throw Fault(
                reason: "\(prefix)package.json has no script `build`, and no other way to build the client is known",
                advice: "give it one, or let an admin set AGENT_DEPLOY_CLIENT_BUILD_COMMAND (or AGENT_DEPLOY_CLIENT_SOURCE=none)")
        }
        if node.hasDependencies, lock == nil {
            let foreign = try NodePackage.foreignLocks.sorted { $0.key < $1.key }.first {
                try PathState(of: directory + "/" + $0.key) == .file
            }
            throw Fault(
                reason: foreign.map { "\(prefix)\($0.key) is of \($0.value), and packages are fetched by npm" }
                    ?? "\(prefix)package.json names packages, and there is no lock file that says which exactly",
                advice:
                    "commit a package-lock.json (`npm install --package-lock-only`), or let an admin set AGENT_DEPLOY_CLIENT_BUILD_COMMAND"
            )
        }
        command = NodePackage.buildCommand
    }

    /// Whether a path leads to a directory without any link on the way.
    static func isDirectory(_ path: String, in tree: String) throws(FileError) -> Bool {
        var inner = tree
        for name in path.split(separator: "/") {
            if name == ".." { return false }
            inner += "/" + name
            guard try PathState(of: inner) == .directory else { return false }
        }
        return true
    }
}
