internal import FuseSession
internal import LinuxSystem
internal import SystemPackage
internal import ZonePolicy

extension PlaneFiles {
    /// Lists a directory from `offset`, without the hidden names, with a lookup of each where `withEntries`; its small files become known to
    /// `listings`.
    func list(
        _ request: consuming DirectoryRequest, node id: NodeID, offset: Int64, withEntries: Bool,
        noting listings: RecentListings? = nil
    ) {
        do throws(Errno) {
            let node = try node(id)
            guard node.isDirectory else { throw .notDirectory }
            if source.mount(node.mount).isSealed {
                sealedListing(&request, node, offset)
            } else {
                do throws(Errno) {
                    try fill(&request, try directory(id), offset, withEntries: withEntries, noting: listings)
                } catch .staleNFSFileHandle where isRemoved(id, node) {
                    // As on any disk (`iterate_dir` in the kernel): who reads a removed directory that he has open is at its end.
                    throw .noSuchFileOrDirectory
                }
            }
        } catch {
            // What was added holds lookups that the kernel must hear of.
            return request.isEmpty ? request.fail(error) : request.finish()
        }
        request.finish()
    }

    /// Whether a directory has been removed, and not only moved to where it cannot be found.
    private func isRemoved(_ id: NodeID, _ node: Node) -> Bool {
        guard node.handle.isHandle else { return false }
        do throws(Errno) { return try source.location(id, node).descriptor.status().links == 0 } catch {
            return error == .staleNFSFileHandle
        }
    }

    private func fill(
        _ request: inout DirectoryRequest, _ directory: Directory, _ offset: Int64, withEntries: Bool,
        noting listings: RecentListings?
    ) throws(Errno) {
        var small: [NodeID] = []
        defer { listings?.add(small, of: directory.id, isStart: offset == 0) }
        let stream: DirectoryStream
        let begun = source.streams.begun(directory.id, at: offset)
        if let parked = source.streams.take(directory.id, at: offset, begun) {
            stream = parked.stream
            if parked.isOld { try stream.refresh() }
        } else {
            stream = try DirectoryStream(directory.descriptor.descriptor.open(".", [.readOnly, .directory]), from: offset)
        }
        let mount = directory.mount
        let location = directory.descriptor
        while let entry = try stream.peek() {
            let number = inode(entry.inode, of: mount.device, mount) { try? location.descriptor.duplicate() }
            let bytes = unsafe entry.name
            // Followed by a NUL, as getdents64 has it.
            let name = unsafe PathBytes(
                borrowing: UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped).assumingMemoryBound(to: CChar.self),
                count: bytes.count)
            var added = true
            if name.isDotOrDotDot || !withEntries {
                if !name.isDotOrDotDot, unsafe policy.child(of: directory.place, named: bytes.span).isHidden {
                    stream.advance()
                    continue
                }
                added =
                    withEntries
                    ? unsafe request.addWithEntry(nil, bytes, inode: number, type: entry.type, next: entry.next)
                    : unsafe request.add(bytes, inode: number, type: entry.type, next: entry.next)
            } else {
                guard request.fits(nameCount: bytes.count, withEntry: true) else { break }
                do throws(Errno) {
                    let found = try look(name, in: directory)
                    added = unsafe request.addWithEntry(
                        found, bytes, inode: found.attributes.inode, type: entry.type, next: entry.next)
                    if added, listings != nil, RecentListings.isSmallFile(found.attributes) { small.append(found.node) }
                } catch .noSuchFileOrDirectory {
                    // Hidden, or gone since it was listed.
                } catch {
                    added = unsafe request.addWithEntry(nil, bytes, inode: number, type: entry.type, next: entry.next)
                }
            }
            if !added { break }
            stream.advance()
        }
        source.streams.park(stream, directory.id, begun)
        source.dropGone(directory.id)
    }

    private func sealedListing(_ request: inout DirectoryRequest, _ node: Node, _ offset: Int64) {
        let mount = source.mount(node.mount)
        let number = inode(node.handle.words.1, of: mount.device, mount) { nil }
        for (index, name) in [".", ".."].enumerated().dropFirst(Int(clamping: offset)) {
            let bytes = Array(name.utf8)
            unsafe bytes.withUnsafeBufferPointer {
                _ = unsafe request.addWithEntry(nil, $0, inode: number, type: 4, next: Int64(index + 1))
            }
        }
    }
}
