internal import LinuxSystem
internal import SystemPackage

extension AgentPaths {
    /// As the kernel does it, and as many.
    private static let mostLinks = 40
    /// The root directory of every `/proc`.
    private static let procRoot: UInt64 = 1

    /// Walks a path name by name, where the kernel's look-up for this process cannot stand for the agent's: `/proc/self` is another process there,
    /// and does not even exist in the agent's `/proc`.
    func walk(_ target: CapturedCall.Target, follow: Bool, thread: Int32) throws(Errno) -> Descriptor {
        var here = if let base = target.base { try base.descriptor.duplicate() } else { try root.duplicate() }
        // The next name last.
        var names = Array(Self.names(target.path).reversed())
        var links = 0
        while let name = names.popLast() {
            let next = try name.withPathBytes { path throws(Errno) in try here.open(path, [.path, .noFollow], []) }
            let status = try next.status(local: true)
            guard status.kind == .symbolicLink, follow || !names.isEmpty else {
                here = next
                continue
            }
            links += 1
            guard links <= Self.mostLinks else { throw .tooManySymbolicLinkLevels }
            guard isProc(status) else {
                let text = try next.linkText()
                if text.first == UInt8(ascii: "/") { here = try root.duplicate() }
                names += Self.names(text).reversed()
                continue
            }
            if try here.status(local: true).inode == Self.procRoot, let own = try ownName(name, thread) {
                names += own.reversed()
            } else {
                // A link that is none of text: the kernel jumps to what it stands for.
                here = try name.withPathBytes { path throws(Errno) in try here.open(path, [.path], []) }
            }
        }
        return here
    }

    private func ownName(_ name: [UInt8], _ thread: Int32) throws(Errno) -> [[UInt8]]? {
        switch String(decoding: name, as: UTF8.self) {
        case "self": Self.names(Array(try ownNames(thread).process.utf8))
        case "thread-self": Self.names(Array(try ownNames(thread).thread.utf8))
        default: nil
        }
    }

    private static func names(_ path: [UInt8]) -> [[UInt8]] { path.split(separator: UInt8(ascii: "/")).map { Array($0) } }
}
