internal import CFuse3
internal import LinuxSystem
internal import SystemPackage

/// O_TMPFILE (FUSE_TMPFILE of Linux 6.2), which libfuse 3.14 does not know: decoded and answered without it.
enum TemporaryFileMessage {
    static let opcode: UInt32 = 51

    /// The message is a header, `struct fuse_create_in` and a name that means nothing.
    static func serve(_ message: UnsafeRawPointer, _ header: fuse_in_header, _ state: SessionState) {
        let size = MemoryLayout<fuse_in_header>.size
        let input = unsafe message.loadUnaligned(fromByteOffset: size, as: fuse_create_in.self)
        let origin = Origin(device: state.device.descriptor.rawValue, header: header, umask: input.umask)
        guard header.nodeid != NodeID.kernelRoot.rawValue, state.options.features.contains(.temporaryFiles) else {
            return origin.fail(.notSupported)
        }
        state.fileSystem.temporaryFile(
            CreateRequest(origin: origin), parent: NodeID(rawValue: header.nodeid), mode: input.mode,
            flags: OpenFlags(rawValue: Int32(bitPattern: input.flags)))
    }
}
