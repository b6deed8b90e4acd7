internal import CLibgit2

enum ObjectType: Hashable, Sendable {
    case commit, tree, blob

    var raw: git_object_t {
        switch self {
        case .commit: GIT_OBJECT_COMMIT
        case .tree: GIT_OBJECT_TREE
        case .blob: GIT_OBJECT_BLOB
        }
    }

    init?(_ raw: git_object_t) {
        switch raw {
        case GIT_OBJECT_COMMIT: self = .commit
        case GIT_OBJECT_TREE: self = .tree
        case GIT_OBJECT_BLOB: self = .blob
        default: return nil
        }
    }

    var name: String {
        switch self {
        case .commit: "commit"
        case .tree: "tree"
        case .blob: "blob"
        }
    }
}

/// Objects by id, put together by hand from the two backends of one directory: no alternates, no configuration, no environment.
///
/// One thread at a time. What is read is hashed again by libgit2 and refused where it is not what its id says.
@safe final class ObjectStore {
    let odb: OpaquePointer

    /// The loose objects and packs of a repository's `objects` directory.
    init(objects directory: String) throws(GitError) {
        Library.start()
        unsafe odb = try Self.empty()
        var packs: UnsafeMutablePointer<git_odb_backend>?
        var loose: UnsafeMutablePointer<git_odb_backend>?
        do throws(GitError) {
            try git("cannot read the packs in \(directory)") { unsafe git_odb_backend_pack(&packs, directory) }
            try git("cannot read the packs in \(directory)") { unsafe git_odb_add_backend(odb, packs, 1) }
            try git("cannot read the objects in \(directory)") {
                unsafe git_odb_backend_loose(&loose, directory, -1, 1, 0o755, 0o444)
            }
            try git("cannot read the objects in \(directory)") { unsafe git_odb_add_backend(odb, loose, 2) }
        } catch {
            unsafe git_odb_free(odb)
            throw error
        }
    }

    /// The objects of one pack, by its index.
    init(packIndex path: String) throws(GitError) {
        Library.start()
        unsafe odb = try Self.empty()
        var pack: UnsafeMutablePointer<git_odb_backend>?
        do throws(GitError) {
            try git("cannot read the index \(path)") { unsafe git_odb_backend_one_pack(&pack, path) }
            try git("cannot read the index \(path)") { unsafe git_odb_add_backend(odb, pack, 1) }
        } catch {
            unsafe git_odb_free(odb)
            throw error
        }
    }

    private static func empty() throws(GitError) -> OpaquePointer {
        var made: OpaquePointer?
        try git("cannot make an object database") { unsafe git_odb_new(&made) }
        guard let made = unsafe made else { throw GitError(.system, "cannot make an object database") }
        return unsafe made
    }

    deinit { unsafe git_odb_free(odb) }

    func contains(_ id: ObjectID) -> Bool {
        var raw = id.raw
        return unsafe git_odb_exists(odb, &raw) == 1
    }

    /// Type and size without reading the content; nil where there is no such object.
    func header(of id: ObjectID) throws(GitError) -> (type: ObjectType, size: Int)? {
        var raw = id.raw
        var size = 0
        var type = GIT_OBJECT_INVALID
        let code = unsafe git_odb_read_header(&size, &type, odb, &raw)
        if code == GIT_ENOTFOUND.rawValue { return nil }
        try git("cannot read object \(id)") { code }
        guard let known = ObjectType(type) else {
            throw GitError(.hostile, "object \(id) is neither a commit nor a tree nor a file")
        }
        // `size_t`, which a pack can give any value.
        guard size >= 0 else { throw GitError(.hostile, "object \(id) says that it is larger than anything can be") }
        return (known, size)
    }

    /// The content, for the length of `body`. The size is looked at before anything of that size is allocated.
    func withContent<Result>(
        of id: ObjectID, type: ObjectType, limit: Int, _ body: (UnsafeRawBufferPointer) throws(GitError) -> Result
    ) throws(GitError) -> Result {
        guard let header = try header(of: id) else { throw GitError(.corrupt, "\(type.name) \(id) is missing") }
        guard header.type == type else { throw GitError(.corrupt, "\(id) is a \(header.type.name) where a \(type.name) should be") }
        guard header.size <= limit else {
            throw GitError(.tooLarge, "\(type.name) \(id) has \(header.size) bytes; at most \(limit) are taken")
        }
        var raw = id.raw
        var object: OpaquePointer?
        try git("cannot read \(type.name) \(id)") { unsafe git_odb_read(&object, odb, &raw) }
        defer { unsafe git_odb_object_free(object) }
        let size = unsafe git_odb_object_size(object)
        guard size == header.size else { throw GitError(.corrupt, "\(type.name) \(id) has another size than it says") }
        return unsafe try body(unsafe UnsafeRawBufferPointer(start: git_odb_object_data(object), count: size))
    }

    func content(of id: ObjectID, type: ObjectType, limit: Int) throws(GitError) -> [UInt8] {
        unsafe try withContent(of: id, type: type, limit: limit) { bytes throws(GitError) in unsafe Array(bytes) }
    }

    func tree(_ id: ObjectID, limit: Int = IntakeLimits().metadataBytes) throws(GitError) -> [TreeEntry] {
        unsafe try withContent(of: id, type: .tree, limit: limit) { bytes throws(GitError) in
            unsafe try TreeEntry.parse(bytes, of: id)
        }
    }

    func commit(_ id: ObjectID, limit: Int = IntakeLimits().commitBytes) throws(GitError) -> CommitSummary {
        let bytes = try content(of: id, type: .commit, limit: limit)
        guard let commit = CommitSummary(id: id, content: bytes) else { throw GitError(.corrupt, "commit \(id) is malformed") }
        return commit
    }

    /// Every object's id.
    func all() throws(GitError) -> [ObjectID] {
        final class Found { var ids: [ObjectID] = [] }
        let found = Found()
        try git("cannot list the objects") {
            withExtendedLifetime(found) {
                unsafe git_odb_foreach(
                    odb,
                    { id, payload in
                        guard let id = unsafe id, let payload = unsafe payload else { return -1 }
                        unsafe Unmanaged<Found>.fromOpaque(payload).takeUnretainedValue().ids.append(ObjectID(id.pointee))
                        return 0
                    }, Unmanaged.passUnretained(found).toOpaque())
            }
        }
        return found.ids
    }
}
