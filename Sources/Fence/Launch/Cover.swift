internal import CLinux
internal import LinuxSystem
internal import Patterns

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
    func tree(at shown: String, of source: String) throws(FenceError) -> Tree {
        var tree = Tree()
        var walk = [(source: source, shown: shown, components: source.utf8.split(separator: UInt8(ascii: "/")).map { Array($0) })]
        while let directory = walk.popLast() {
            guard let stream = unsafe opendir(directory.source) else { continue }
            defer { unsafe closedir(stream) }
            while let entry = unsafe readdir(stream) {
                let (name, type) = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { text in
                        unsafe (
                            Array(UnsafeBufferPointer(start: text, count: strlen(text))).map { UInt8(bitPattern: $0) },
                            entry.pointee.d_type
                        )
                    }
                }
                if name == [0x2e] || name == [0x2e, 0x2e] { continue }
                let isHidden = patterns.contains { pattern in
                    // Most have another last name than this one.
                    guard let last = pattern.segments.last, last == .anyDepth || last.matches(name.span) else { return false }
                    return pattern.matches(directory.components + [name])
                }
                let text = String(decoding: name, as: UTF8.self)
                let path = (source: directory.source + "/" + text, shown: directory.shown + "/" + text)
                switch Int32(type) == Int32(DT_UNKNOWN) ? Int32(FileKind.at(path.source)?.directoryType ?? 0) : Int32(type) {
                case _ where isHidden && !text.utf8.elementsEqual(name):
                    throw FenceError("\(path.source) is hidden and cannot be covered: its name is not UTF-8", kind: .refused)
                case Int32(DT_DIR):
                    if isHidden {
                        tree.covers.append(.empty(at: path.shown))
                    } else {
                        walk.append((path.source, path.shown, directory.components + [name]))
                    }
                case Int32(DT_LNK): if !isHidden, let target = target(of: path.source) { tree.targets.append(target) }
                case Int32(DT_SOCK), Int32(DT_FIFO): tree.covers.append(.readOnly("/dev/null", at: path.shown))
                default: if isHidden { tree.covers.append(.readOnly("/dev/null", at: path.shown)) }
                }
            }
        }
        return tree
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
