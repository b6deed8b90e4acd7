internal import AuditLog
package import FuseSession
package import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

extension ZonePlane {
    package func rename(
        _ request: consuming EmptyRequest, parent: NodeID, name: borrowing PathBytes, newParent: NodeID,
        newName: borrowing PathBytes,
        flags: RenameFlags
    ) {
        var act = Act(.rename, request.caller)
        do throws(Errno) {
            let mode = try Self.mode(flags)
            var done = wasMoved(parent, name, to: newParent, newName, flags)
            if done {
                // Perhaps by the removal of the source alone.
                if let to = try? files.directory(newParent),
                    unsafe files.policy.child(of: to.place, named: newName.bytes.span).isProtected
                {
                    afterthoughts.lookAgain(at: newName, in: newParent)
                }
            } else {
                rememberMove(parent, name, flags)
                done = try arrangement.shared { () throws(Errno) in
                    let from = try files.directory(parent)
                    let to = parent == newParent ? from : try files.directory(newParent)
                    guard isPlain(from, name, to, newName, mode) else { return false }
                    try move(from, name, to, newName, flags)
                    return true
                }
            }
            if !done {
                try arrangement.alone { () throws(Errno) in
                    try renameByRules(
                        try files.directory(parent), name, try files.directory(newParent), newName, flags, mode, &act)
                }
            }
        } catch {
            tell(act, parent, name, to: newParent, newName, error: error)
            return request.fail(error)
        }
        tell(act, parent, name, to: newParent, newName)
        request.succeed()
    }

    private static func mode(_ flags: RenameFlags) throws(Errno) -> RenameMode {
        switch flags {
        case []: .replace
        case .noReplace: .noReplace
        case .exchange: .exchange
        case .whiteout, [.whiteout, .noReplace]: .whiteout
        default: throw .invalidArgument
        }
    }

    /// Whether the same rules hold at both names, and none that would refuse anything, whatever moves: so for nearly all renames, which then need no look at
    /// what is there.
    private func isPlain(
        _ from: borrowing PlaneFiles.Directory, _ name: borrowing PathBytes, _ to: borrowing PlaneFiles.Directory,
        _ newName: borrowing PathBytes,
        _ mode: RenameMode
    ) -> Bool {
        let old = unsafe files.policy.child(of: from.place, named: name.bytes.span)
        let new = unsafe files.policy.child(of: to.place, named: newName.bytes.span)
        return old == new && old.zone == files.zone && !old.isHidden && !old.isProtected && !old.isPassage && mode != .whiteout
            && !name.isDotOrDotDot && !newName.isDotOrDotDot
    }

    private func move(
        _ from: borrowing PlaneFiles.Directory, _ name: borrowing PathBytes, _ to: borrowing PlaneFiles.Directory,
        _ newName: borrowing PathBytes,
        _ flags: RenameFlags
    ) throws(Errno) {
        try movingName(name, from, newName, to, flags) { () throws(Errno) in
            try from.descriptor.descriptor.rename(name, to: to.descriptor.descriptor, newName, flags)
        }
        let hasCounted = !files.links.isEmpty
        if hasCounted {
            files.links.forget(name: unsafe Links.key(from.node.handle, name.bytes))
            files.links.forget(name: unsafe Links.key(to.node.handle, newName.bytes))
        }
        count(newName, to)
        // The old name is there still after an exchange, and where both are names of one file, which a rename leaves as it is.
        if hasCounted || flags.contains(.exchange) { count(name, from) }
    }

    /// Counts a name that a file has got; whoever looks for names at this moment is told of a directory.
    private func count(_ name: borrowing PathBytes, _ directory: borrowing PlaneFiles.Directory) {
        guard let found = try? files.source.find(name, in: directory.descriptor.descriptor, on: directory.mount) else { return }
        if found.status.kind == .directory { return files.links.moved(found.handle) }
        let key = unsafe Links.key(directory.node.handle, name.bytes)
        var hadSeveral = false
        if let id = files.nodes.find(found.handle, mount: found.mount.index) {
            files.nodes.update(id) { node in
                node.nameKey = key
                hadSeveral = node.flags.contains(.severalNames)
            }
        }
        if found.status.links > 1 || hadSeveral { files.links.saw(key, of: Links.number(found.handle)) }
    }

    // MARK: With rules that differ

    /// Nothing else makes or moves names in this zone meanwhile.
    private func renameByRules(
        _ from: borrowing PlaneFiles.Directory, _ name: borrowing PathBytes, _ to: borrowing PlaneFiles.Directory,
        _ newName: borrowing PathBytes,
        _ flags: RenameFlags, _ mode: RenameMode, _ act: inout Act
    ) throws(Errno) {
        let source = try from.descriptor.descriptor.status(of: name)
        let target = try? to.descriptor.descriptor.status(of: newName)
        let decision = files.policy.decideRename(
            unsafe name.bytes.span, in: from.place, to: unsafe newName.bytes.span, in: to.place, kind: source.kind.policyKind,
            replacing: target?.kind.policyKind, mode: mode)
        guard case .allowedIf(let condition, else: let refusal) = decision else {
            try permit(decision, &act)
            try move(from, name, to, newName, flags)
            if source.kind == .directory || target?.kind == .directory { files.rearranged() }
            return
        }
        switch condition {
        case .sameContent:
            guard try hasSameContent(from, name, source, to, newName, target) else { throw act.refuse(refusal) }
            // The target stays as it is. The kernel believes that its name leads to the source now, which its maker may have open, or by another
            // name, and may write to: so it must not use the name before it has looked again.
            try removingName(name, in: from) { () throws(Errno) in try from.descriptor.descriptor.unlink(name) }
            if !files.links.isEmpty { files.links.forget(name: unsafe Links.key(from.node.handle, name.bytes)) }
            afterthoughts.lookAgain(at: newName, in: to.id)
        case .holdsNothingProtected:
            let old = unsafe files.policy.child(of: from.place, named: name.bytes.span)
            let new = unsafe files.policy.child(of: to.place, named: newName.bytes.span)
            var budget = Self.entriesSearched
            if source.kind == .directory {
                try search(from.descriptor.descriptor, name, Move(from: old, to: new), &budget, refusal, &act)
            }
            if mode == .exchange, target?.kind == .directory {
                try search(to.descriptor.descriptor, newName, Move(from: new, to: old), &budget, refusal, &act)
            }
            try move(from, name, to, newName, flags)
            files.rearranged()
        }
    }

    /// How many entries are looked at before a move is refused: where other rules hold below is rarely deep.
    private static var entriesSearched: Int { 100_000 }

    /// Looks for a name below the directory `name` that stands in the way of its move.
    private func search(
        _ parent: borrowing Descriptor, _ name: borrowing PathBytes, _ move: Move, _ budget: inout Int, _ refusal: Refusal,
        _ act: inout Act, depth: Int = 0
    ) throws(Errno) {
        // An agent's tree may be deeper than this thread's stack.
        guard depth < 128 else { throw act.refuse(refusal) }
        let directory = try parent.open(name, [.readOnly, .directory, .noFollow])
        let below = try parent.open(name, [.path, .directory, .noFollow])
        let stream = try DirectoryStream(directory, from: 0)
        while let entry = try stream.peek() {
            defer { stream.advance() }
            let bytes = unsafe entry.name
            let name = unsafe PathBytes(
                borrowing: UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped).assumingMemoryBound(to: CChar.self),
                count: bytes.count)
            if name.isDotOrDotDot { continue }
            budget -= 1
            guard budget > 0 else { throw act.refuse(refusal) }
            // DT_UNKNOWN where the filesystem does not say.
            let kind = if let kind = FileKind(rawValue: UInt32(entry.type) << 12) { kind } else { try below.status(of: name).kind }
            switch unsafe files.policy.examine(bytes.span, kind.policyKind, in: move) {
            case .clear: continue
            case .refused(let refusal): throw act.refuse(refusal)
            case .descend(let deeper): try search(below, name, deeper, &budget, refusal, &act, depth: depth + 1)
            }
        }
    }

    /// Whether both are regular files with the same bytes, of a size that git's own files have.
    private func hasSameContent(
        _ from: borrowing PlaneFiles.Directory, _ name: borrowing PathBytes, _ source: FileStatus,
        _ to: borrowing PlaneFiles.Directory,
        _ newName: borrowing PathBytes, _ target: FileStatus?
    ) throws(Errno) -> Bool {
        guard let target, source.kind == .regular, target.kind == .regular, source.size == target.size, source.size <= 1 << 20
        else {
            return false
        }
        let flags: OpenFlags = [.readOnly, .noFollow, .nonBlocking, .noControllingTerminal]
        let one = try from.descriptor.descriptor.open(name, flags)
        let other = try to.descriptor.descriptor.open(newName, flags)
        return try Self.content(one) == Self.content(other)
    }

    private static func content(_ file: borrowing Descriptor) throws(Errno) -> [UInt8] {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 1)
        defer { unsafe room.deallocate() }
        var filled = 0
        while filled < room.count {
            let count = try unsafe file.read(into: UnsafeMutableRawBufferPointer(rebasing: room[filled...]), at: Int64(filled))
            if count == 0 { break }
            filled += count
        }
        return unsafe Array(room[..<filled])
    }
}
