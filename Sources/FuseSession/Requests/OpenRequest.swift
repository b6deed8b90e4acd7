internal import CFuse3
package import SystemPackage

/// An open of a file or directory.
@safe package struct OpenRequest: ~Copyable {
    let origin: Origin
    package var caller: Caller { origin.caller }
    /// Whether setuid and setgid bits go with this open's truncation (FUSE_OPEN_KILL_SUIDGID): it is made by somebody without
    /// CAP_FSETID.
    package let killsPrivileges: Bool

    deinit { origin.fail(.ioError) }

    package consuming func fail(_ error: Errno) {
        origin.fail(error)
        discard self
    }

    /// The file is open. False where the kernel did not take it: then no release will come.
    @discardableResult package consuming func reply(_ handle: Handle, _ options: OpenOptions = []) -> Bool {
        let taken = origin.succeed(with: fuse_open_out(fh: handle.rawValue, open_flags: options.rawValue, padding: 0))
        discard self
        return taken
    }

    /// The file is open, and the kernel reads and writes `backing` by itself. All opens of a node have the same backing file, and
    /// no other kind of open beside them: the kernel fails those with EIO.
    @discardableResult package consuming func reply(
        _ handle: Handle, backing: BackingID, _ options: OpenOptions = .noFlush
    ) -> Bool {
        let taken = origin.succeed(with: fuse_open_out(handle, backing: backing, options))
        discard self
        return taken
    }

    /// No open is needed, for this file and all others (ENOSYS; FUSE_NO_OPEN_SUPPORT and FUSE_NO_OPENDIR_SUPPORT): reads come with
    /// `Handle.none`, pages and listings are kept from one open to the next. Only where `Connection.features` hold `.noOpen` or
    /// `.noOpenDirectory`.
    package consuming func replyNotNeeded() {
        origin.fail(.noFunction)
        discard self
    }
}

extension fuse_open_out {
    /// The kernel's structure since 6.9: what the header at hand calls padding is the backing id.
    init(_ handle: Handle, backing: BackingID, _ options: OpenOptions) {
        self.init(
            fh: handle.rawValue,
            open_flags: OpenOptions.passthrough | options.intersection(.besideBackingFile).rawValue,
            padding: backing.rawValue)
    }
}
