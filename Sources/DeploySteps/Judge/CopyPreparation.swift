internal import CLinux
internal import DurableFiles
internal import LinuxSystem

/// What phases do to the copy that they share.
struct CopyPreparation {
    /// For files of root's.
    let files: Overlay
    /// Files as they were, by path.
    private var kept: [String: (bytes: [UInt8], status: stat)] = [:]
    private var keptBytes = 0
    /// Bytes of all files together that are kept: the daemon's own memory, for what a commit brings.
    private static let most = 64 << 20

    /// More than this takes upon itself would have to be changed.
    struct TooMuch: Error {}

    init(files: Overlay) {
        self.files = files
    }

    mutating func apply(_ preparation: Phase.Preparation) throws {
        switch preparation {
        case .put(let path, let bytes): try files.put(Array(path.utf8), contents: bytes, mode: 0o644)
        case .remove(let path): try files.remove(Array(path.utf8))
        case .append(let path, let bytes):
            guard let file = try files.open(Array(path.utf8), limit: 1 << 24),
                let old = try files.read(Array(path.utf8), limit: 1 << 24)
            else { return }
            var status = stat()
            let raw = file.rawValue
            _ = try check { unsafe fstat(raw, &status) }
            keptBytes += old.count
            guard keptBytes <= Self.most else { throw TooMuch() }
            kept[path] = (old, status)
            try asBefore(status).put(Array(path.utf8), contents: old + bytes, mode: status.st_mode & 0o777)
        case .restore(let path):
            guard let (bytes, status) = kept[path] else { return }
            try asBefore(status).put(
                Array(path.utf8), contents: bytes, mode: status.st_mode & 0o777,
                modified: (status.st_mtim.tv_sec, status.st_mtim.tv_nsec))
        }
    }

    /// For a file that stays whose it is.
    private func asBefore(_ status: stat) -> Overlay { Overlay(root: files.root, owner: (status.st_uid, status.st_gid)) }
}
