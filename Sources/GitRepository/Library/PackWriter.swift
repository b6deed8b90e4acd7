internal import CLibgit2

/// Writes a pack of whole objects (`man 5 gitformat-pack`), never of deltas.
///
/// libgit2's own writer always looks for deltas. Here they would cost: the receiver of a pack with deltas makes one object out of another, and
/// its memory is then bounded by what a chain of deltas can be made to grow to, not by the largest object that it agrees to.
@safe final class PackWriter {
    private let sink: (UnsafeRawBufferPointer) throws(GitError) -> Void
    private let checksum: UnsafeMutablePointer<mbedtls_md_context_t>
    /// What `deflate` needs at most for the largest object so far.
    private var compressed = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)

    private init(to sink: @escaping (UnsafeRawBufferPointer) throws(GitError) -> Void) {
        unsafe self.sink = unsafe sink
        unsafe checksum = .allocate(capacity: 1)
        unsafe mbedtls_md_init(checksum)
    }

    deinit {
        unsafe mbedtls_md_free(checksum)
        unsafe checksum.deallocate()
        unsafe compressed.deallocate()
    }

    /// Hands `ids` over to `sink` in parts, as a pack.
    static func write(
        _ ids: [ObjectID], from store: ObjectStore, limits: IntakeLimits,
        to sink: @escaping (UnsafeRawBufferPointer) throws(GitError) -> Void
    ) throws(GitError) {
        let writer = unsafe PackWriter(to: sink)
        try writer.begin(ids.count)
        for id in ids {
            guard let header = try store.header(of: id) else { throw GitError(.corrupt, "object \(id) is missing") }
            let limit = header.type == .blob ? limits.blobBytes : limits.metadataBytes
            unsafe try store.withContent(of: id, type: header.type, limit: limit) { content throws(GitError) in
                unsafe try writer.add(content, type: header.type)
            }
        }
        try writer.finish()
    }

    private func begin(_ count: Int) throws(GitError) {
        guard unsafe mbedtls_md_setup(checksum, mbedtls_md_info_from_type(MBEDTLS_MD_SHA1), 0) == 0,
            unsafe mbedtls_md_starts(checksum) == 0
        else { throw GitError(.system, "cannot compute a checksum") }
        try put(Array("PACK".utf8) + [0, 0, 0, 2] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * $0)) })
    }

    private func add(_ content: UnsafeRawBufferPointer, type: ObjectType) throws(GitError) {
        try put(Self.header(type: type, size: content.count))
        let bound = Int(compressBound(UInt(content.count)))
        if unsafe compressed.count < bound {
            unsafe compressed.deallocate()
            unsafe compressed = .allocate(byteCount: max(bound, 1 << 16), alignment: 16)
        }
        var count = unsafe UInt(compressed.count)
        // Fast rather than small: it goes through a pipe, and into a store that packs again when there is reason to.
        let code = unsafe compress2(
            compressed.baseAddress?.assumingMemoryBound(to: UInt8.self), &count,
            content.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt(content.count), 1)
        guard code == Z_OK else { throw GitError(.system, "cannot compress an object (zlib code \(code))") }
        unsafe try put(UnsafeRawBufferPointer(rebasing: compressed[..<Int(count)]))
    }

    /// Type and size: four bits of it, then seven a byte, least significant first.
    private static func header(type: ObjectType, size: Int) -> [UInt8] {
        let code: UInt8 =
            switch type {
            case .commit: 1
            case .tree: 2
            case .blob: 3
            }
        var rest = size >> 4
        var bytes = [code << 4 | UInt8(size & 15)]
        while rest > 0 {
            bytes[bytes.count - 1] |= 0x80
            bytes.append(UInt8(rest & 0x7f))
            rest >>= 7
        }
        return bytes
    }

    private func finish() throws(GitError) {
        var digest = [UInt8](repeating: 0, count: 20)
        guard unsafe mbedtls_md_finish(checksum, &digest) == 0 else { throw GitError(.system, "cannot compute a checksum") }
        try unsafe digest.withUnsafeBytes { bytes in Result { () throws(GitError) in unsafe try sink(bytes) } }.get()
    }

    private func put(_ bytes: [UInt8]) throws(GitError) {
        try unsafe bytes.withUnsafeBytes { bytes in Result { () throws(GitError) in unsafe try put(bytes) } }.get()
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws(GitError) {
        guard unsafe mbedtls_md_update(checksum, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count) == 0 else {
            throw GitError(.system, "cannot compute a checksum")
        }
        unsafe try sink(bytes)
    }
}
