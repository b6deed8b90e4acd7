internal import SystemPackage

/// A file that lists paths below a directory: those that deployments put there. Whatever else is in it is somebody else's.
package enum OwnedPaths {
    /// - Parameter directory: whose paths they are; a list of another directory's says nothing about this one.
    /// - Returns: nil where there is no such list.
    package static func read(_ file: String, of directory: String) throws(FileError) -> Set<[UInt8]>? {
        try DurableFile.read(file, limit: 1 << 30).flatMap { decoded($0, of: directory) }
    }

    package static func decoded(_ bytes: [UInt8], of directory: String) -> Set<[UInt8]>? {
        guard !bytes.isEmpty else { return nil }
        var records = bytes.split(separator: 0, omittingEmptySubsequences: false)[...]
        if records.first.map(Array.init) == header {
            guard records.count > 1, Array(records[1]) == Array(directory.utf8) else { return nil }
            records = records.dropFirst(2)
        }
        return Set(records.filter { !$0.isEmpty }.map(Array.init))
    }

    /// - Parameter paths: nil for a list of nothing, as where there is none.
    package static func encoded(_ paths: Set<[UInt8]>?, of directory: String) -> [UInt8] {
        guard let paths else { return [] }
        let sorted = paths.sorted { $0.lexicographicallyPrecedes($1) }
        return Array(([header, Array(directory.utf8)] + sorted).joined(separator: [0]))
    }

    /// The paths and all directories above them.
    package static func withParents(_ paths: Set<[UInt8]>) -> Set<[UInt8]> {
        var result = paths
        for path in paths {
            var rest = path[...]
            while let slash = rest.lastIndex(of: 0x2F) {
                rest = rest[..<slash]
                guard result.insert(Array(rest)).inserted else { break }
            }
        }
        return result
    }

    private static let header = Array("pinfold owned paths 1".utf8)
}
