internal import CLinux
package import SystemPackage

/// A whole file, of the kernel's above all: whoever may put something else at the path is trusted with what a read of that does.
package func readWholeFile(_ path: String) throws(Errno) -> [UInt8] {
    let file = try Descriptor.open(path, .readOnly)
    return try readToEnd(file.rawValue)
}

/// What is left to read of an open descriptor.
package func readToEnd(_ descriptor: Int32) throws(Errno) -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16384)
    while true {
        let count = try check { unsafe read(descriptor, &chunk, chunk.count) }
        if count == 0 { return bytes }
        bytes += chunk.prefix(count)
    }
}
