internal import CLinux
internal import LinuxSystem
internal import Patterns
internal import SystemPackage

/// What of a shown tree of the host is not shown: hidden names, and doors (sockets and FIFOs), which a read-only mount does not close.
struct Cover {
    private let patterns: [Glob]

    init(_ hide: [String]) throws(FenceError) {
        do throws(GlobError) {
            var patterns: [Glob] = []
            for pattern in hide { patterns.append(try Glob(pattern)) }
            self.patterns = patterns
        } catch {
            throw FenceError("AGENT_VIEW_HIDE: \(error)", kind: .configuration)
        }
    }

    /// Whether a path of the host, or a directory above it, is hidden.
    func hides(_ path: String) -> Bool {
        let components = path.utf8.split(separator: UInt8(ascii: "/")).map { Array($0) }
        return patterns.contains { $0.matches(components) }
    }

    /// What lies over a tree, and what its links lead to.
    struct Tree {
        var covers: [Fence.Mount] = []
        /// Files in directories that the fence makes anew (`/run`, `/var`) and that a link of the tree leads to, where that link leads: else it would dangle.
        var targets: [Fence.Mount] = []
    }

    /// Looks through the directory `source`, which appears as `shown`. Links are not followed, other filesystems are.
    ///
    /// Names are bytes, and what is mounted needs a path that is text. What has to be covered and cannot be, or cannot be looked through,
    /// is an error.
    func tree(at shown: String, of source: String) throws(FenceError) -> Tree {
        var tree = Tree()
        let top = source.utf8.split(separator: Self.slash).map { Array($0) }
        var walk: [[[UInt8]]] = [[]]
        while let names = walk.popLast() {
            let directory = Self.path(source, names)
            for entry in try Self.entries(of: directory) {
                let isHidden = patterns.contains { pattern in
                    // Most have another last name than this one.
                    guard let last = pattern.segments.last, last == .anyDepth || last.matches(entry.name.span) else { return false }
                    return pattern.matches(top + names + [entry.name])
                }
                let below = names + [entry.name]
                /// Where it is to be covered.
                func place() throws(FenceError) -> String {
                    guard let text = String(validating: Self.path(shown, below), as: UTF8.self) else {
                        let path = String(decoding: Self.path(source, below), as: UTF8.self)
                        throw FenceError(
                            "\(path) must not be seen and cannot be covered: its path is not UTF-8; rename it", kind: .refused)
                    }
                    return text
                }
                switch entry.kind {
                case .directory where isHidden: tree.covers.append(.empty(at: try place()))
                case .directory: walk.append(below)
                case .symbolicLink where isHidden: tree.covers.append(.coveredLink(at: try place()))
                case .symbolicLink:
                    let path = String(validating: Self.path(source, below), as: UTF8.self)
                    if let target = path.flatMap(target) { tree.targets.append(target) }
                case .socket, .fifo: tree.covers.append(.readOnly("/dev/null", at: try place()))
                default: if isHidden { tree.covers.append(.readOnly("/dev/null", at: try place())) }
                }
            }
        }
        return tree
    }

    private static let slash = UInt8(ascii: "/")

    private static func path(_ start: String, _ names: [[UInt8]]) -> [UInt8] {
        names.reduce(into: Array(start.utf8)) { $0 += [slash] + $1 }
    }

    /// What is in a directory; nothing where it has been removed.
    private static func entries(of path: [UInt8]) throws(FenceError) -> [(name: [UInt8], kind: FileKind?)] {
        var found: [(name: [UInt8], kind: FileKind?)] = []
        do throws(Errno) {
            let directory = try path.withPathBytes { path throws(Errno) in
                try Descriptor.open("/", [.path, .directory]).open(path, [.directory, .noFollow], [])
            }
            try DirectoryReader().read(directory, from: 0) { entry throws(Errno) in
                guard !entry.name.isDotOrDotDot else { return true }
                let kind = FileKind(mode: UInt32(entry.type) << 12)
                // Not every file system says it in the listing.
                found.append((entry.name.array, kind ?? (try? directory.status(of: entry.name, local: true))?.kind))
                return true
            }
        } catch {
            if error == .noSuchFileOrDirectory { return found }
            throw FenceError(
                "tests must not see \(String(decoding: path, as: UTF8.self)): it cannot be looked through for hidden names: \(error)",
                kind: .refused)
        }
        return found
    }

    /// The regular file that a link leads to, where it leads into a directory that the fence makes anew; nil where it leads elsewhere.
    private func target(of link: String) -> Fence.Mount? {
        guard let text = (try? linkText(at: link)).map({ String(decoding: $0, as: UTF8.self) }) else { return nil }
        var names: [Substring] = text.hasPrefix("/") ? [] : link.split(separator: "/").dropLast()
        for name in text.split(separator: "/") where name != "." {
            if name == ".." { _ = names.popLast() } else { names.append(name) }
        }
        let path = "/" + names.joined(separator: "/")
        guard isAtOrBelow(path, "/run") || isAtOrBelow(path, "/var"), let source = canonicalPath(link),
            FileKind.at(source) == .regular, !hides(source), !hides(path)
        else { return nil }
        return .readOnly(source, at: path)
    }
}
