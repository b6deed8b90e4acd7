internal import Fence
internal import LinuxSystem

/// What of the host's system ordinary programs ask for, and a directory that the fence makes anew would take from them.
extension Fence {
    /// How many processors there are, and what kind: `nproc`, `lscpu` and Java ask. The rest of `/sys` is the host's devices.
    static func processors(in shown: String) -> [Mount] {
        let path = "/sys/devices/system"
        guard FileKind.at(shown + "/sys") == .directory, FileKind.at(path) == .directory else { return [] }
        return [.empty(at: "/sys"), .readOnly(path, at: path)]
    }

    /// The file that says who is asked for names, where `/etc/resolv.conf` is a link into one of `covered`: what systemd-resolved, NetworkManager or resolvconf
    /// keeps in `/run`.
    ///
    /// The directory that it is in, as the view shows it: its writer replaces the file, and what listens beside it answers nobody.
    static func resolver(_ view: AgentView, covered: [String]) -> [Mount] {
        func isCovered(_ path: String) -> Bool { covered.contains { isAtOrBelow(path, $0) } }
        guard let way = Way(to: "/etc/resolv.conf"), isCovered(way.end) else { return [] }
        let directory = String(way.end[..<(way.end.lastIndex(of: "/") ?? way.end.startIndex)])
        let bound = covered.contains(directory) ? way.end : directory
        // What was mounted after the view is not in it.
        let isShown = FileKind.at(view.shown(way.end)) != nil
        let links = way.links.filter { isCovered($0.at) && !isAtOrBelow($0.at, bound) }
        return links.map { .symbolicLink(to: $0.text, at: $0.at) }
            + [isShown ? .bind(view.shown(bound), at: bound) : .readOnly(way.end, at: way.end)]
    }
}

/// The links on the way to a file, and where it ends.
struct Way {
    var links: [(at: String, text: String)] = []
    var end = ""

    /// Nil where it leads nowhere, or in circles.
    init?(to path: String) {
        var names = Array(path.split(separator: "/").reversed())
        while let name = names.popLast() {
            if name == "." { continue }
            if name == ".." {
                end = String(end[..<(end.lastIndex(of: "/") ?? end.startIndex)])
                continue
            }
            let next = end + "/" + name
            switch FileKind.at(next) {
            case nil: return nil
            case .symbolicLink:
                guard let text = (try? linkText(at: next)).map({ String(decoding: $0, as: UTF8.self) }) else { return nil }
                links.append((next, text))
                guard links.count <= 40 else { return nil }
                if text.hasPrefix("/") { end = "" }
                names += text.split(separator: "/").reversed()
            default: end = next
            }
        }
    }
}
