internal import FuseSession
internal import LinuxSystem
internal import SystemPackage

extension PlaneFiles {
    func rootEntry() throws(Errno) -> Entry {
        let lifetime = lifetime(source.rootMount)
        return Entry(
            node: .root, attributes: Attributes(try source.root.descriptor.status()), attributesLifetime: lifetime,
            entryLifetime: lifetime)
    }

    /// - Returns: whether the name is there.
    @discardableResult
    func lookup(_ request: consuming EntryRequest, parent: NodeID, name: borrowing PathBytes) -> Bool {
        let entry: Entry
        do throws(Errno) {
            let directory = try directory(parent)
            do throws(Errno) {
                entry = try look(name, in: directory)
            } catch .noSuchFileOrDirectory {
                request.replyAbsent(for: remembersAbsence ? lifetime(directory.mount) : .none)
                return false
            }
        } catch {
            request.fail(error)
            return false
        }
        // Not taken: the caller was interrupted, and no forget will come.
        if !request.reply(entry) { forget(entry.node, lookups: 1) }
        return true
    }

    func getattr(_ request: consuming AttributesRequest, node id: NodeID) {
        let attributes: Attributes
        let mount: Mount
        do throws(Errno) {
            let node = try node(id)
            mount = source.mount(node.mount)
            if mount.isSealed {
                attributes = sealedAttributes(node, mount)
            } else {
                let location = try location(id, node)
                attributes = self.attributes(try location.descriptor.status(), mount) { try? location.descriptor.duplicate() }
            }
        } catch { return request.fail(error) }
        request.reply(attributes, lifetime: attributesLifetime(attributes, mount))
    }

    /// Those of the root of a filesystem that is never touched.
    private func sealedAttributes(_ node: Node, _ mount: Mount) -> Attributes {
        var attributes = Attributes(source.rootStatus)
        attributes.inode = inode(node.handle.words.1, of: mount.device, mount) { nil }
        attributes.mode = 0o040555
        attributes.links = 2
        attributes.size = 0
        return attributes
    }

    func readlink(_ request: consuming LinkTextRequest, node id: NodeID) {
        let text: UnsafeMutableRawBufferPointer
        do throws(Errno) {
            let node = try node(id)
            guard node.kind == .symbolicLink else { throw .invalidArgument }
            let bytes = try location(id, node).descriptor.linkText()
            unsafe text = .allocate(byteCount: bytes.count, alignment: 1)
            unsafe text.copyBytes(from: bytes)
        } catch { return request.fail(error) }
        unsafe request.reply(UnsafeRawBufferPointer(text))
        unsafe text.deallocate()
    }

    func statfs(_ request: consuming StatisticsRequest, node id: NodeID) {
        let statistics: FileSystemStatistics
        do throws(Errno) {
            let node = try node(id)
            let location = source.mount(node.mount).isSealed ? source.root : try location(id, node)
            statistics = try location.descriptor.fileSystemStatistics()
        } catch { return request.fail(error) }
        request.reply(statistics)
    }
}
