internal import Crypto
internal import DeployModel
internal import PlainText

/// A client's `package.json` and its lock file, as far as what is fetched and run depends on them. The agent wrote both.
package struct NodePackage: Sendable {
    /// Whether it has a script `build`.
    package let hasBuild: Bool
    /// Whether it needs packages of a registry.
    package let hasDependencies: Bool
    private let manifest: JSONValue

    /// Why no packages are fetched for it, in a sentence.
    package struct Objection: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String

        init(_ description: String) {
            self.description = description
        }
    }

    package static let manifestName = "package.json"
    /// In the order in which npm looks.
    package static let lockNames = ["npm-shrinkwrap.json", "package-lock.json"]
    /// Lock files of others, with what they belong to.
    package static let foreignLocks = ["pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "bun.lock": "bun", "bun.lockb": "bun"]
    package static let buildCommand = "npm run build"

    package init(_ bytes: [UInt8]) throws(Objection) {
        let manifest = try Self.read(bytes, "package.json")
        guard manifest.object != nil else { throw Objection("package.json is no JSON object") }
        self.manifest = manifest
        hasBuild = manifest["scripts"]?["build"]?.string != nil
        hasDependencies = Self.dependencies.contains { manifest[$0]?.object?.isEmpty == false }
    }

    private static func read(_ bytes: [UInt8], _ name: String) throws(Objection) -> JSONValue {
        do {
            return try JSONValue(bytes)
        } catch {
            throw Objection("\(name) \("\(error)".displayedName)")
        }
    }

    private static let dependencies = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"]
    /// What says which packages there are; scripts and settings of tools do not.
    private static let telling = dependencies + ["name", "version", "overrides", "peerDependenciesMeta"]

    /// What fetching sees, and nothing else: both files, without what does not say which packages there are.
    package struct Request: Hashable, Sendable {
        package let manifest: [UInt8]
        package let lock: [UInt8]

        /// A name for what comes of it on this machine.
        package func key(node: String, architecture: String) -> String {
            var hash = SHA256()
            for part in [manifest, lock, Array(node.utf8), Array(architecture.utf8)] {
                hash.update(data: Array("\(part.count):".utf8) + part)
            }
            return Hexadecimal.text(Array(hash.finalize()).prefix(20))
        }
    }

    /// - Parameter registry: where packages come from, besides npm's own, which it stands in for. From nowhere else is anything fetched.
    package func request(lock bytes: [UInt8], registry: String?) throws(Objection) -> Request {
        let lock = try Self.read(bytes, "the lock file")
        guard let packages = lock["packages"]?.object else {
            throw Objection("the lock file is of an old form without `packages`: write it again with npm 7 or later")
        }
        guard manifest["workspaces"] == nil else {
            throw Objection("package.json has workspaces, whose packages fetching would not see")
        }
        for key in Self.dependencies + ["overrides"] { if let value = manifest[key] { try Self.check(value, in: key) } }
        if let root = packages[""] {
            for key in Self.dependencies { if let value = root[key] { try Self.check(value, in: "the lock file's \(key)") } }
        }
        let sources = ["https://registry.npmjs.org/"] + (registry.map { [$0.hasSuffix("/") ? $0 : $0 + "/"] } ?? [])
        for (path, entry) in packages where !path.isEmpty {
            let name = path.prefix(200).displayedName
            guard path.hasPrefix("node_modules/"), !path.split(separator: "/").contains("..") else {
                throw Objection("the lock file has \(name), which lies outside node_modules")
            }
            guard entry["link"] == nil else { throw Objection("the lock file has \(name) as a link") }
            // Part of another package's archive.
            if case .bool(true)? = entry["inBundle"] { continue }
            guard let resolved = entry["resolved"]?.string, sources.contains(where: { resolved.hasPrefix($0) }),
                !resolved.contains("@npmjs.org"), !resolved.contains("/../")
            else { throw Objection("the lock file has \(name) from elsewhere than the registry") }
            guard let integrity = entry["integrity"]?.string,
                integrity.hasPrefix("sha512-") || integrity.hasPrefix("sha384-") || integrity.hasPrefix("sha256-")
            else { throw Objection("the lock file has \(name) without a hash of its contents (`integrity`)") }
        }
        let reduced = JSONValue.object((manifest.object ?? [:]).filter { Self.telling.contains($0.key) })
        return Request(manifest: reduced.bytes, lock: bytes)
    }

    /// Versions only: an address, a repository or a directory in the place of one would be fetched from there.
    private static func check(_ value: JSONValue, in section: String) throws(Objection) {
        switch value {
        case .object(let values): for item in values.values { try check(item, in: section) }
        case .string(let text):
            var version = text[...]
            if version.hasPrefix("npm:") {
                version = version.dropFirst(4)
                // An alias: a name, with a scope perhaps, and a version.
                if version.hasPrefix("@"), let slash = version.firstIndex(of: "/") {
                    version = version[version.index(after: slash)...]
                }
            }
            guard !version.contains(":"), !version.contains("/") else {
                throw Objection(
                    "\(section) of package.json has \(text.prefix(200).displayedName), which is no version of the registry's")
            }
        case .null, .bool, .integer, .number, .array: throw Objection("\(section) of package.json has something else than versions")
        }
    }
}

extension StringProtocol {
    fileprivate var displayedName: String { String(self).plain() }
}
