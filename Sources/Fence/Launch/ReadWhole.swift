internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A whole file, or nil where it cannot be read.
func readWhole(_ path: String) -> [UInt8]? { try? readWholeFile(path) }

/// What is left to read of a descriptor, or nil.
package func readWhole(descriptor: Int32) -> [UInt8]? {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16384)
    while true {
        guard let count = try? check({ unsafe read(descriptor, &chunk, chunk.count) }) else { return nil }
        if count == 0 { return bytes }
        bytes += chunk.prefix(count)
    }
}
