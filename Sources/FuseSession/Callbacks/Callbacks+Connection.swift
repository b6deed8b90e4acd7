internal import CFuse3
internal import CLinux
internal import LinuxSystem

extension Callbacks {
    static func addConnection(to operations: inout fuse_lowlevel_ops) {
        unsafe operations.`init` = { userdata, connection in
            guard let userdata = unsafe userdata, let connection = unsafe connection,
                let offer = CurrentInput.body(fuse_init_in.self), let unique = CurrentInput.unique
            else { return }
            let state = unsafe SessionState.of(userdata)
            var options = state.options
            // Nobody is there to serve them.
            if state.rings.withLock({ $0 == nil }) { options.features.remove(.rings) }
            let negotiation = unsafe Negotiation(
                offer, options, maximalWrite: min(connection.pointee.max_write, UInt32(RingEntry.payloadSize)))
            // What libfuse itself acts on. Its splice_read would bypass the look at each message that serves what it does not know.
            unsafe connection.pointee.want &= ~UInt32(FUSE_CAP_SPLICE_READ)
            // A reply's data may go from the file to the device without this process (`DataRequest`).
            unsafe connection.pointee.want |= unsafe connection.pointee.capable & UInt32(FUSE_CAP_SPLICE_WRITE)
            state.negotiated(negotiation, unique: unique)
            let connected = Connection(
                features: negotiation.features, notifier: Notifier(device: state.device),
                backing: BackingFiles(device: state.device, records: options.memory?.backings))
            state.fileSystem.started(on: connected)
        }
    }
}
