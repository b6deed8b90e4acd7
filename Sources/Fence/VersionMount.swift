internal import CLinux
internal import LinuxSystem

/// Where a copy of the deployed code appears in a fence: where the server will run that version from, so that no path tells a test from production.
/// Nothing else is shown for its sake, and what it takes of the daemon's directory is hidden.
package struct VersionMount: Hashable, Sendable {
    /// The copy, on the host.
    package var source: String
    /// Where it appears: a path without links.
    package var directory: String
    /// The links that lead there: each is made, whatever the host has in its place.
    package var links: [Link]
    /// A directory of the host, by a path without links, that is empty in the fence but for what is named here or mounted in it.
    package var hidden: String

    package struct Link: Hashable, Sendable {
        package var at: String
        package var to: String

        package init(at: String, to: String) {
            self.at = at
            self.to = to
        }
    }

    package init(source: String, directory: String, links: [Link] = [], hiding hidden: String) {
        self.source = source
        self.directory = directory
        self.links = links
        self.hidden = hidden
    }
}

extension Fence {
    /// Shows it, as something that the command may change, and starts the command there. Last, since nothing may be mounted in it.
    package mutating func show(_ version: VersionMount) throws(FenceError) {
        var ground = Ground(mounts: mounts)
        if !isAtOrBelow(version.hidden, version.directory) { ground.hide(version.hidden) }
        let directory = try ground.clear(version.directory, forLink: false)
        for link in version.links {
            let at = try ground.clear(link.at, forLink: true)
            if at != directory { ground.mounts.append(.symbolicLink(to: link.to, at: at)) }
        }
        ground.mounts.append(.bind(version.source, at: directory))
        mounts = ground.mounts
        sealed += ground.made
        writable.append(directory)
        workingDirectories = [directory]
    }
}

/// Mounts, most of them read-only, among which room is made.
private struct Ground {
    /// A directory that is put together anew shows each of its entries by a mount.
    static let entryLimit = 1000

    var mounts: [Fence.Mount]
    /// Directories that are empty file systems now.
    var made: [String] = []

    /// Makes the directory empty, where what is mounted shows it.
    mutating func hide(_ path: String) {
        let path = inside(path)
        guard let index = container(of: path), case .readOnly(let source, let at) = mounts[index], at != path,
            FileKind.at(source + path.dropFirst(at.count)) == .directory
        else { return }
        mounts.insert(.empty(at: path), at: index + 1)
        made.append(path)
    }

    /// Sees to it that something can be made at the path, which is returned as the fence knows it: in a file system that is the fence's own, or as a mount
    /// over a directory of the host.
    mutating func clear(_ path: String, forLink isLink: Bool) throws(FenceError) -> String {
        let above = inside(parent(of: path))
        let path = (above == "/" ? "" : above) + "/" + name(of: path)
        mounts.removeAll {
            switch $0 {
            case .symbolicLink(_, path), .coveredLink(path): true
            default: false
            }
        }
        // Nothing is mounted in what a stranger wrote: a link there would say where.
        let inside = mounts.lazy.compactMap(\.mountpoint).first { isAtOrBelow($0, path) }
        guard inside == nil, !isAtOrBelow(path, BubblewrapArguments.toolDirectory) else {
            throw FenceError(
                "tests cannot find the version at \(path), where AGENT_DEPLOY_TARGET has it: they need \(inside ?? path) of the host; choose another target\(inside == nil ? "" : ", or take that out of AGENT_DEPLOY_TEST_READ")",
                kind: .configuration)
        }
        guard let index = container(of: path) else { return path }
        switch mounts[index] {
        case .processes, .devices:
            throw FenceError("no version can run from \(path), which is not the disk's", kind: .configuration)
        case .readOnly(let source, let at):
            // As deep as real directories go: what is a link on the way would lead elsewhere.
            var reached = at
            for name in path.dropFirst(at.count).split(separator: "/") {
                let next = reached + "/" + name
                guard FileKind.at(source + next.dropFirst(at.count)) == .directory, !isLink || next != path else { break }
                reached = next
            }
            if reached != path { try remake(reached, of: source + reached.dropFirst(at.count), after: index, leaving: path) }
        default: break
        }
        return path
    }

    /// The path as it is without the links that the fence itself has.
    func inside(_ path: String) -> String {
        for mount in mounts {
            guard case .symbolicLink(let target, let at) = mount, isAtOrBelow(path, at) else { continue }
            let base = target.hasPrefix("/") ? target : parent(of: at) + (parent(of: at) == "/" ? "" : "/") + target
            return inside(base + path.dropFirst(at.count))
        }
        return path
    }

    /// The mount that shows what is at the path.
    private func container(of path: String) -> Int? {
        mounts.lastIndex { mount in mount.mountpoint.map { isAtOrBelow(path, $0) } ?? false }
    }

    /// Puts a directory of the host together anew, of its entries, so that others can be added.
    private mutating func remake(
        _ directory: String, of source: String, after index: Int, leaving path: String
    ) throws(FenceError) {
        var parts: [Fence.Mount] = [.empty(at: directory)]
        // What its mode keeps from the user stays unseen.
        var status = stat()
        let isOpen = unsafe stat(source, &status) == 0 && status.st_mode & 0o005 == 0o005
        let names = isOpen ? try Self.entries(of: source) : []
        guard names.count <= Self.entryLimit else {
            throw FenceError(
                "\(path) cannot be shown to tests: \(directory) has more than \(Self.entryLimit) entries; set AGENT_DEPLOY_TARGET to a path in a directory of its own",
                kind: .configuration)
        }
        for name in names where !isAtOrBelow(path, directory + "/" + name) {
            let (from, at) = (source + "/" + name, directory + "/" + name)
            switch FileKind.at(from) {
            case .directory: parts.append(.readOnly(from, at: at))
            case .symbolicLink:
                guard let target = try? linkText(at: from) else { continue }
                parts.append(.symbolicLink(to: String(decoding: target, as: UTF8.self), at: at))
            case .regular: parts.append(.readOnly(from, at: at))
            default: continue
            }
        }
        mounts.insert(contentsOf: parts, at: index + 1)
        made.append(directory)
    }

    private static func entries(of directory: String) throws(FenceError) -> [String] {
        guard let stream = unsafe opendir(directory) else {
            throw FenceError("\(directory) cannot be listed", kind: .configuration)
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream), names.count <= entryLimit {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}

extension Fence.Mount {
    /// The directory or file that it lies over; nil for a link, in which nothing is.
    fileprivate var mountpoint: String? {
        switch self {
        case .readOnly(_, let path), .bind(_, let path), .temporary(let path, _, _), .empty(let path), .file(let path, _): path
        case .symbolicLink, .coveredLink: nil
        case .processes: "/proc"
        case .devices: "/dev"
        }
    }
}

private func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
}

private func name(of path: String) -> Substring {
    path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
}
