internal import LinuxSystem

/// A directory that is brought up to date in place, compared with the tree that it should be.
package enum InPlaceComparison {
    /// The files and links of `source` that `target` does not have as they are there, and those of `owned` that `source` no longer has but `target`
    /// still does; at most `limit` of them. What else is in `target` counts for nothing.
    package static func differing(_ target: String, from source: String, owned: Set<[UInt8]>, limit: Int) throws(FileError)
        -> [[UInt8]]
    {
        let root = try Directories.open(target)
        let sourceRoot = try Directories.open(source)
        var result: [[UInt8]] = []
        var names: Set<[UInt8]> = []
        for entry in try Tree.entries(source) {
            names.insert(entry.path)
            guard result.count < limit else { return result }
            switch entry.kind {
            case .file, .link: if try !PathInside.isSame(entry, source: sourceRoot, target: root) { result.append(entry.path) }
            case .directory: if try PathInside.kind(entry.path, in: root) != .directory { result.append(entry.path) }
            case .special: break
            }
        }
        // A directory may have been kept for what the server has put into it.
        for path in owned.subtracting(names) where result.count < limit {
            if try PathInside.kind(path, in: root) == .other { result.append(path) }
        }
        return result
    }
}
