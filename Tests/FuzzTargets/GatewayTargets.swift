import AuditLog
import GatewayFileSystem
import LinuxSystem
import Patterns
import ZonePolicy

/// Lines: patterns to hide, to protect (`p` before them), and paths (`/` at the start of the last ones).
func tryPolicy(_ input: [UInt8]) {
    let lines = input.split(separator: UInt8(ascii: "\n"), maxSplits: 40).map { Array($0.prefix(200)) }
    var hide: [Glob] = []
    var protect: [Glob] = []
    for line in lines.prefix(12) {
        let isProtected = line.first == UInt8(ascii: "p")
        guard let glob = try? Glob(String(decoding: isProtected ? line.dropFirst() : line[...], as: UTF8.self)) else { continue }
        if isProtected { protect.append(glob) } else if glob.isAnchored { hide.append(glob) }
    }
    guard
        let policy = try? AccessPolicy(
            source: "/", codeRepo: "/data/code-repo", sandbox: "/data/sandbox", hide: hide.map(\.description),
            protect: protect.map(\.description))
    else { return }
    for line in lines {
        let names = line.split(separator: UInt8(ascii: "/")).map(Array.init)
        // Nothing is made of no name, and a zone's own root is not one of the names in it.
        guard let last = names.last else { continue }
        let explanation = policy.explain(names, .read)
        // Hidden below a hidden directory, too.
        let hidden = (1...names.count).contains { count in hide.contains { $0.matches(Array(names[..<count])) } }
        require(explanation.place.isHidden == hidden, "\(line): hidden is \(hidden) by the patterns, not by the automaton")
        let parent = policy.explain(Array(names.dropLast()), .read).place
        let isInZone =
            names.count > 2
            && (names.starts(with: [Array("data".utf8), Array("code-repo".utf8)])
                || names.starts(with: [Array("data".utf8), Array("sandbox".utf8)]))
        for operation in [NameOperation.create, .makeSymbolicLink, .link, .unlink] {
            for kind in [NodeKind.file, .directory, .symbolicLink] {
                let decision = policy.decide(operation, last.span, in: parent, kind: kind)
                if case .refused = decision { continue }
                require(isInZone && !hidden, "\(line): \(operation) of \(kind) is allowed")
            }
        }
    }
}

/// What is read as a record is written back as the same text.
func tryAudit(_ input: [UInt8]) {
    for line in input.split(separator: UInt8(ascii: "\n"), maxSplits: 20) {
        guard let record = AuditRecord(line: Array(line)) else { continue }
        _ = record.isWhole(Array(line))
    }
}

func tryEvents(_ input: [UInt8]) {
    unsafe input.withUnsafeBytes { bytes in
        _ = unsafe FilesystemEvent.forEach(in: bytes) { event in
            for handle in [event.directory, event.object] {
                if let handle, let made = unsafe FileHandle(bytes: handle.bytes, type: handle.type) {
                    require(made.length <= 32, "a handle is longer than what is kept of it")
                }
            }
            if let name = unsafe event.name { require(unsafe !name.contains(0), "a zero byte in a name") }
        }
    }
}

func tryMounts(_ input: [UInt8]) {
    for line in input.split(separator: UInt8(ascii: "\n")) {
        guard let entry = MountEntry(line: line) else { continue }
        let table = MountTable(entries: [entry])
        require(table.entry(at: entry.mountpoint) != nil, "a mount is not where it says")
    }
}
