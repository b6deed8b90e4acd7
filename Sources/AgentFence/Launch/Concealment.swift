internal import CLinux

/// What a read-only bind of the host's system would still show, where the view presents only a part of it.
enum Concealment {
    /// Covers for the hidden paths outside the view, and for Unix sockets: a socket can be connected to on a read-only mount.
    static func mounts(hide: [String], presentedBelow source: String) -> [Fence.Mount] {
        var covered: Set<String> = []
        var mounts: [Fence.Mount] = []
        let absolute = hide.filter { $0.hasPrefix("/") }
        for path in absolute.flatMap({ PatternExpansion($0).paths }) + sockets()
        where !isAtOrBelow(path, source) && !["/run", "/tmp", "/proc", "/dev"].contains(where: { isAtOrBelow(path, $0) }) {
            guard covered.insert(path).inserted else { continue }
            switch FileKind.of(path) {
            // An ancestor of the source cannot be covered without it; the gateway's own mount comes later and lies over what it can.
            case .directory where isAtOrBelow(source, path): continue
            case .directory: mounts.append(.empty(at: path))
            case .other: mounts.append(.readOnly("/dev/null", at: path))
            // A link shows a name only; what it leads to is covered where it matches.
            case .symbolicLink, nil: continue
            }
        }
        // An outer cover would lie over an inner one made before it, and an inner one has no mountpoint after it: keep the outer ones.
        let directories = mounts.compactMap { mount in if case .empty(let path) = mount { path } else { nil } }
        return mounts.filter { mount in
            switch mount {
            case .empty(let path), .readOnly(_, let path): !directories.contains { $0 != path && isAtOrBelow(path, $0) }
            default: true
            }
        }
    }

    /// The sockets that somebody listens on, in this network namespace (`man 5 proc_pid_net`, unix); abstract ones have no path.
    private static func sockets() -> [String] {
        (readWhole("/proc/net/unix") ?? []).split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 7)
            guard fields.count == 8, fields[7].first == UInt8(ascii: "/") else { return nil }
            return FileKind.resolved(String(decoding: fields[7], as: UTF8.self))
        }
    }
}
