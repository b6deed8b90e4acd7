internal import CFuse3
internal import CLinux
package import LinuxSystem
package import SystemPackage

/// One FUSE file system being served: made, mounted, served by its workers, and over when its last mount is.
///
/// `fuse_session_exit` from another thread wakes nobody who waits for a request; the end of the last mount does, and so does the
/// end of this process. So there is no `stop` here: whoever mounted unmounts.
@safe package final class Session: @unchecked Sendable {
    // @unchecked: `session` is libfuse's, which its loops may share among threads; it is destroyed when all of them have ended and
    // nobody has this object.
    let session: OpaquePointer
    let state: SessionState
    var options: SessionOptions { state.options }
    /// How many workers there are.
    let running = Lock(0)
    /// How many of them are asked through rings.
    package let ringWorkers = Lock(0)
    private let ended: EventDescriptor

    /// How many requests of each kind have been served.
    package var counters: RequestCounters { state.counters }
    /// What was negotiated; nil until the kernel has said INIT, which happens before the first request.
    package var features: Features? { state.features }

    /// The way to the kernel's memory; it may be used before the mount, of which the kernel then knows nothing.
    package var notifier: Notifier { Notifier(device: state.device) }

    /// Opens the device and prepares to serve `fileSystem`. ENOENT or EACCES where there is no usable `/dev/fuse`.
    package convenience init(_ fileSystem: any FileSystem, _ options: SessionOptions) throws(Errno) {
        try self.init(fileSystem, options, device: Descriptor.open("/dev/fuse", .readWrite))
    }

    /// The same with `device` in the place of `/dev/fuse`: a socket that keeps messages apart, behind which somebody speaks for the kernel.
    package init(_ fileSystem: any FileSystem, _ options: SessionOptions, device: consuming Descriptor) throws(Errno) {
        let device = SharedDescriptor(device)
        let state = SessionState(fileSystem: fileSystem, options: options, device: device)
        ended = try EventDescriptor()

        // libfuse takes unknown options without a word, so it gets none: what is mounted and how is said to the kernel directly,
        // which refuses what it does not know.
        var operations = Callbacks.operations()
        let made = unsafe withCStrings(["pinfold"]) { arguments in
            var list = unsafe fuse_args(argc: 1, argv: UnsafeMutablePointer(mutating: arguments), allocated: 0)
            return unsafe fuse_session_new(
                &list, &operations, MemoryLayout<fuse_lowlevel_ops>.size, Unmanaged.passUnretained(state).toOpaque())
        }
        guard let session = unsafe made else { throw .noMemory }
        var channel = unsafe fuse_custom_io(
            writev: { device, parts, count, userdata in unsafe Session.send(device, parts, count, userdata) },
            read: { device, buffer, size, _ in unsafe RequestBuffer.read(from: device, into: buffer, size) }, splice_receive: nil,
            splice_send: { pipe, from, device, to, count, flags, _ in unsafe splice(pipe, from, device, to, count, flags) })
        // libfuse closes what it is given, this object what it opened: two descriptors of one device connection.
        let given = unsafe fuse_session_custom_io(session, &channel, try device.descriptor.duplicate().release())
        guard given == 0 else {
            unsafe fuse_session_destroy(session)
            throw Errno(rawValue: -given)
        }
        unsafe self.session = unsafe session
        self.state = state
    }

    deinit { unsafe fuse_session_destroy(session) }

    /// The superblock, mounted nowhere yet, with the workers serving it: the root of the mount is the file system's own. It is
    /// served until its last mount is gone, this value included.
    ///
    /// - Parameter scratch: a directory over which the mount may lie for a moment, on kernels before 6.15, which cannot copy a part
    /// of a detached mount.
    package func mount(scratch: borrowing Descriptor) throws(Errno) -> DetachedMount {
        var parameters: [(key: String, value: String?)] = [
            ("source", options.source), ("subtype", options.subtype), ("fd", "\(state.device.descriptor.rawValue)"),
            ("rootmode", "40000"), ("user_id", "0"), ("group_id", "0"), ("default_permissions", nil), ("allow_other", nil),
        ]
        if options.readOnly { parameters.append(("ro", nil)) }
        var attributes: DetachedMount.Attributes = [.noSetuid, .noDevices]
        if options.readOnly { attributes.insert(.readOnly) }
        prepareRings()
        // The kernel has answered by the first look at the child, which waits for the rings itself; where it never came to that, nor do they.
        defer { state.giveUpRings() }
        let outer = try DetachedMount.new(type: "fuse", parameters, attributes)
        try startWorkers()
        let child = options.name
        do throws(Errno) {
            if options.mountsByScratch { throw .invalidArgument }
            return try DetachedMount.clone(of: outer.root, child, recursive: false, attributes)
        } catch {
            guard error == .invalidArgument else { throw error }
        }
        let root = try outer.root.duplicate()
        try outer.attach(to: scratch)
        defer { try? Unmounting.detach(root) }
        return try DetachedMount.clone(of: root, child, recursive: false, attributes)
    }

    /// Blocks until the session is over: unmounted everywhere and let go of by all.
    package func wait() {
        ended.wait()
    }

    func announceEnd() {
        ended.set()
    }

    /// Becomes readable when the session is over, for waiting for several things at once (`man 2 poll`).
    package var endDescriptor: Int32 { ended.rawValue }
}
