/// A fence as the argument list of Debian's bubblewrap (0.8), run by real root: no user namespace is made, so the ids inside are the host's.
///
/// `--as-pid-1` makes the stage the first process of its PID namespace. Capabilities stay until the stage has tried the mounts as root.
struct BubblewrapArguments {
    let words: [String]

    /// Where the stage and Pinfold's tools are inside.
    static let toolDirectory = "/run/pinfold"

    /// The host name inside: `/etc/hosts` knows it everywhere, so that whoever looks its own name up finds it.
    static let hostName = "localhost"

    /// - Parameters:
    ///   - programs: what is bound into `toolDirectory`, by host path.
    ///   - firstFile: the number of the descriptor that the first of the fence's files (`Fence.files`) is read from; the others follow.
    init(_ fence: Fence, programs: [(name: String, path: String)], informationDescriptor: Int32, firstFile: Int32) {
        var words = ["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--as-pid-1", "--die-with-parent"]
        words += ["--hostname", Self.hostName, "--info-fd", String(informationDescriptor)]
        if fence.network == .none { words.append("--unshare-net") }
        // With a terminal of its own the command needs the session that the terminal belongs to; typing into it is what the filter refuses.
        if !fence.terminal { words.append("--new-session") }
        var closed: [String] = []
        // What is mounted by then, and whether it is new, so that directories can be made in it.
        var mounted = [(path: "/", isNew: fence.hasOwnRoot)]
        var file = firstFile
        for mount in fence.mounts {
            switch mount {
            case .readOnly(let source, let path):
                words += Self.way(to: path, in: mounted) + ["--ro-bind", source, path]
                mounted.append((path, false))
            case .bind(let source, let path):
                words += Self.way(to: path, in: mounted) + ["--bind", source, path]
                mounted.append((path, false))
            case .temporary(let path, let bytes, let mode):
                words += Self.way(to: path, in: mounted) + Self.temporary(path, bytes, mode)
                mounted.append((path, true))
            case .empty(let path):
                words += Self.way(to: path, in: mounted) + Self.temporary(path, 1 << 20, 0o755)
                mounted.append((path, true))
                closed.append(path)
            case .symbolicLink(let target, let path): words += Self.way(to: path, in: mounted) + ["--symlink", target, path]
            // Bubblewrap would follow it: the stage does that.
            case .coveredLink: break
            case .file(let path, _):
                words += Self.way(to: path, in: mounted) + ["--perms", "0644", "--ro-bind-data", String(file), path]
                file += 1
            case .processes: words += ["--proc", "/proc"]
            case .devices(let bytes):
                words += ["--dev", "/dev"] + Self.temporary("/dev/shm", bytes, 0o1777)
                if let queues = Fence.messageQueues { words += ["--mqueue", queues] }
                closed.append("/dev")
            }
        }
        if fence.hasOwnRoot { words += ["--perms", "0755", "--dir", Self.toolDirectory] }
        for program in programs { words += ["--ro-bind", program.path, "\(Self.toolDirectory)/\(program.name)"] }
        // Last, as what was made in them needed them writable.
        for path in closed { words += ["--remount-ro", path] }
        if fence.hasOwnRoot { words += ["--remount-ro", "/"] }
        self.words = words + ["--", "\(Self.toolDirectory)/pinfold-fence"]
    }

    /// The directories above `path` in a file system that is fresh, and so has none. Bubblewrap makes what is missing above a file with mode 0700, and
    /// the user has to come through it.
    private static func way(to path: String, in mounted: [(path: String, isNew: Bool)]) -> [String] {
        guard let nearest = mounted.last(where: { $0.path != path && isAtOrBelow(path, $0.path) }), nearest.isNew else { return [] }
        var above = nearest.path == "/" ? "" : nearest.path
        return path.dropFirst(above.count + 1).split(separator: "/").dropLast().flatMap { name in
            above += "/" + name
            return ["--perms", "0755", "--dir", above]
        }
    }

    private static func temporary(_ path: String, _ bytes: UInt64, _ mode: UInt16) -> [String] {
        ["--perms", "0" + String(mode, radix: 8), "--size", String(bytes), "--tmpfs", path]
    }
}

extension Fence {
    /// What the files among the mounts hold, in their order.
    var files: [[UInt8]] { mounts.compactMap { if case .file(_, let bytes) = $0 { bytes } else { nil } } }

    /// Whether the root directory is bubblewrap's own, made of what is mounted in it.
    var hasOwnRoot: Bool {
        switch mounts.first {
        case .readOnly(_, at: "/"), .bind(_, at: "/"): false
        default: true
        }
    }
}
