internal import AuditLog
internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// Says of a captured call whether the kernel refuses it because what it would change is mounted read-only, and with which errno.
///
/// The order of the kernel's own checks holds: what fails before it looks at the mount (a parent that is missing, a name that is taken already)
/// is no refusal. Looked at a moment after the call, but on a mount that nobody behind the fence changes.
struct RefusalJudge: ~Copyable {
    private let paths: AgentPaths
    private let user: UInt32

    init(_ paths: consuming AgentPaths, user: UInt32) {
        self.paths = paths
        self.user = user
    }

    /// nil where it is none, or is not known to be one.
    func judge(_ captured: CapturedCall) -> AuditEvent? {
        do throws(Errno) {
            switch captured.call.kind {
            case .open: return try open(captured, captured.first, links: 0)
            case .existing, .descriptor: return try existing(captured)
            case .making, .binding: return try making(captured)
            case .removing: return try removing(captured)
            case .renaming: return try renaming(captured)
            case .linking: return try linking(captured)
            }
        } catch { return nil }
    }

    // MARK: One name or file

    private func existing(_ captured: CapturedCall) throws(Errno) -> AuditEvent? {
        let found = try paths.find(captured.first, follow: captured.follows, thread: captured.thread)
        if captured.call.operation == .truncate, found.status.kind != .regular { return nil }
        return event(captured, found.isBarred ? EACCES : EROFS, paths.text(found.descriptor), if: paths.isReadOnly(found.status))
    }

    private func making(_ captured: CapturedCall) throws(Errno) -> AuditEvent? {
        let parent = try parent(of: captured.first, captured)
        if parent.hasSlashes, captured.call.operation != .mkdir { return nil }
        guard paths.isReadOnly(parent.found.status), !exists(parent) else { return nil }
        return event(captured, parent.isBarred ? EACCES : EROFS, text(parent), if: true)
    }

    private func removing(_ captured: CapturedCall) throws(Errno) -> AuditEvent? {
        let parent = try parent(of: captured.first, captured)
        let isDirectory = captured.flags & pinfold_AT_REMOVEDIR != 0
        return event(
            captured, parent.isBarred ? EACCES : EROFS, text(parent), isDirectory ? .rmdir : nil,
            if: paths.isReadOnly(parent.found.status))
    }

    private func open(_ captured: CapturedCall, _ target: CapturedCall.Target, links: Int) throws(Errno) -> AuditEvent? {
        let flags = OpenFlags(rawValue: captured.flags)
        let makesUnnamed = flags.contains(.temporary)
        do throws(Errno) {
            let found = try paths.find(
                target, makesUnnamed || flags.contains(.directory) ? .directory : [], follow: captured.follows, captured.resolution,
                thread: captured.thread)
            guard paths.isReadOnly(found.status) else { return nil }
            if makesUnnamed {
                guard flags.access != .readOnly else { return nil }
                return event(captured, found.isBarred ? EACCES : EROFS, paths.text(found.descriptor), .tmpfile, if: true)
            }
            if flags.contains(.create), flags.contains(.exclusive) || flags.contains(.directory) { return nil }
            guard flags.writes, found.status.kind == .regular else { return nil }
            // The kernel judges mode and mount in its own order.
            let raw = found.descriptor.rawValue
            let code = pinfold_access(raw, W_OK) == 0 ? 0 : pinfold_errno()
            return event(captured, found.isBarred ? EACCES : code, paths.text(found.descriptor), if: found.isBarred || code != 0)
        } catch {
            guard error == .noSuchFileOrDirectory, flags.contains(.create), !flags.contains(.directory), !makesUnnamed else {
                throw error
            }
        }
        // The name would be made, or the one that a symbolic link at the path's end leads to.
        let parent = try parent(of: target, captured)
        guard !parent.hasSlashes else { return nil }
        if captured.follows, links < 40, let text = try? link(parent), !text.isEmpty {
            let base = text.first == UInt8(ascii: "/") ? nil : SharedDescriptor(try parent.found.descriptor.duplicate())
            return try open(captured, CapturedCall.Target(base: base, path: text), links: links + 1)
        }
        return event(
            captured, parent.isBarred ? EACCES : EROFS, text(parent), .create, if: paths.isReadOnly(parent.found.status))
    }

    // MARK: Two names

    private func renaming(_ captured: CapturedCall) throws(Errno) -> AuditEvent? {
        guard let second = captured.second, Self.isRename(captured.flags) else { return nil }
        let old = try parent(of: captured.first, captured)
        let new = try parent(of: second, captured)
        let isBarred = old.isBarred || new.isBarred
        return event(
            captured, isBarred ? EACCES : old.found.status.mount == new.found.status.mount ? EROFS : EXDEV, text(old),
            second: text(new),
            if: paths.isReadOnly(old.found.status) || paths.isReadOnly(new.found.status))
    }

    private func linking(_ captured: CapturedCall) throws(Errno) -> AuditEvent? {
        guard let second = captured.second else { return nil }
        let old = try paths.find(captured.first, follow: captured.follows, thread: captured.thread)
        let new = try parent(of: second, captured)
        guard !new.hasSlashes, !exists(new) else { return nil }
        let isBarred = old.isBarred || new.isBarred
        // The new name's mount is looked at before the two are compared.
        if paths.isReadOnly(new.found.status) {
            return event(captured, isBarred ? EACCES : EROFS, paths.text(old.descriptor), second: text(new), if: true)
        }
        return event(
            captured, isBarred ? EACCES : EXDEV, paths.text(old.descriptor), second: text(new),
            if: old.status.mount != new.found.status.mount && paths.isReadOnly(old.status))
    }

    /// Flags that `renameat2` knows, in a combination that it takes.
    private static func isRename(_ flags: Int32) -> Bool {
        let exchange = flags & pinfold_RENAME_EXCHANGE != 0
        return flags & ~(pinfold_RENAME_NOREPLACE | pinfold_RENAME_EXCHANGE | pinfold_RENAME_WHITEOUT) == 0
            && !(exchange && flags != pinfold_RENAME_EXCHANGE)
    }

    // MARK: Names

    /// The directory of a path's last name, and that name.
    private struct Parent: ~Copyable {
        let found: AgentPaths.Found
        let name: [UInt8]
        let hasSlashes: Bool
        /// Whether the agent may not look a name up in it, or not even get there.
        let isBarred: Bool
    }

    /// ENOENT where there is no last name that could be made or removed: `/`, `.` and `..` fail before the mount is looked at.
    private func parent(of target: CapturedCall.Target, _ captured: CapturedCall) throws(Errno) -> Parent {
        let slash = UInt8(ascii: "/")
        let trimmed = target.path.prefix((target.path.lastIndex { $0 != slash } ?? -1) + 1)
        let name = trimmed.suffix(from: (trimmed.lastIndex(of: slash) ?? -1) + 1)
        guard !name.isEmpty, name != [0x2e], name != [0x2e, 0x2e], name.count < 256 else { throw .noSuchFileOrDirectory }
        let above = Array(trimmed.dropLast(name.count))
        let directory = CapturedCall.Target(base: target.base, path: above)
        let found = try paths.find(directory, .directory, captured.resolution, thread: captured.thread)
        let raw = found.descriptor.rawValue
        let isBarred = found.isBarred || pinfold_access(raw, X_OK) != 0 && pinfold_errno() == EACCES
        return Parent(found: found, name: Array(name), hasSlashes: trimmed.count != target.path.count, isBarred: isBarred)
    }

    private func exists(_ parent: borrowing Parent) -> Bool {
        (try? parent.name.withPathBytes { name throws(Errno) in try parent.found.descriptor.status(of: name, local: true) }) != nil
    }

    /// The text of the symbolic link that has the name; nil where it is none.
    private func link(_ parent: borrowing Parent) throws(Errno) -> [UInt8]? {
        let found = try parent.name.withPathBytes { name throws(Errno) in
            try parent.found.descriptor.open(name, [.path, .noFollow], [])
        }
        return try found.status(local: true).kind == .symbolicLink ? found.linkText() : nil
    }

    private func text(_ parent: borrowing Parent) -> [UInt8]? {
        paths.text(parent.found.descriptor).map {
            $0 == [UInt8(ascii: "/")] ? $0 + parent.name : $0 + [UInt8(ascii: "/")] + parent.name
        }
    }

    private func event(
        _ captured: CapturedCall, _ errno: Int32, _ path: [UInt8]?, _ operation: AuditOperation? = nil, second: [UInt8]? = nil,
        if isRefused: Bool
    ) -> AuditEvent? {
        guard isRefused, let path else { return nil }
        var event = AuditEvent.inView(operation ?? captured.call.operation, time: captured.time)
        event.path = path
        event.second = second
        event.process = captured.thread
        event.command = paths.command(of: captured.thread)
        event.user = user
        event.errno = errno
        return event
    }
}
