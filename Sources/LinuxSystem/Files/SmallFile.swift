internal import CLinux
internal import SystemPackage

/// Files that are read whole: configuration, tables of `/proc`.
package enum SmallFile {
    /// What went wrong, in words that follow the file's name.
    package struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// The bytes of a regular file, or of one that the kernel makes up. A FIFO or a device in its place is refused and never waited for.
    package static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        do throws(Errno) {
            let file = try Descriptor.open(path, [.readOnly, .nonBlocking, .noControllingTerminal])
            let descriptor = file.rawValue
            let kind = try file.status().kind
            guard kind == .regular else { throw kind == .directory ? Errno.isDirectory : Errno.invalidArgument }
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 16384)
            while true {
                let capacity = buffer.count
                let count = try check { unsafe CLinux.read(descriptor, &buffer, capacity) }
                if count == 0 { return bytes }
                bytes.append(contentsOf: buffer[..<count])
                guard bytes.count <= limit else { throw .fileTooLarge }
            }
        } catch {
            throw Failure(description: error == .fileTooLarge ? "is larger than \(limit) bytes" : error.description)
        }
    }
}
