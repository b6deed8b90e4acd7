internal import CFuse3
internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// The node that the kernel takes for the root: a directory of root's alone, whose one name, that of the session, leads to the file
/// system's own root. See `NodeID.kernelRoot`.
enum KernelRoot {
    static func lookup(_ request: fuse_req_t?, _ name: UnsafePointer<CChar>?) {
        let request = unsafe request.unsafelyUnwrapped
        let reply = unsafe EntryRequest(origin: Origin(request))
        let state = unsafe SessionState.of(fuse_req_userdata(request))
        guard unsafe Callbacks.name(name).array.elementsEqual(state.options.name.utf8) else {
            return reply.fail(.noSuchFileOrDirectory)
        }
        let entry: Entry
        do throws(Errno) {
            entry = try state.fileSystem.rootEntry()
        } catch {
            return reply.fail(error)
        }
        reply.reply(entry)
    }

    static func getattr(_ request: fuse_req_t?) {
        var out = fuse_attr_out()
        out.attr_valid = Lifetime.long.seconds
        out.attr.ino = NodeID.kernelRoot.rawValue
        out.attr.mode = FileKind.directory.rawValue | 0o500
        out.attr.nlink = 2
        _ = unsafe Origin(request.unsafelyUnwrapped).succeed(with: out)
    }
}
