internal import DurableFiles

/// A megabyte that is given back when the disk is full, so that what happened can still be written down.
struct Ballast {
    private static let bytes = 1 << 20

    let path: String
    private(set) var isHeld = false

    init(path: String) {
        self.path = path
    }

    /// Takes it, where there is clearly room.
    mutating func hold() {
        guard !isHeld else { return }
        if (try? PathState(of: path)) == .file {
            isHeld = true
            return
        }
        guard let space = DurableFile.space(of: path.directory), space.free > 16 * UInt64(Self.bytes) else { return }
        isHeld = (try? DurableFile.write([UInt8](repeating: 0x70, count: Self.bytes), to: path, mode: 0o600)) != nil
    }

    mutating func release() {
        try? DurableFile.remove(path)
        isHeld = false
    }
}

extension String {
    fileprivate var directory: String {
        guard let slash = lastIndex(of: "/"), slash != startIndex else { return "/" }
        return String(self[..<slash])
    }
}
