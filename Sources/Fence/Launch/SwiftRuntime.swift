internal import LinuxSystem

/// The Swift runtime that Pinfold's programs are linked with.
enum SwiftRuntime {
    /// Where the Swift runtime that this process uses lies, if that is not a directory of the system's: a build that links it dynamically.
    static var directory: String? {
        for line in ((try? readWholeFile("/proc/self/maps")) ?? []).split(separator: UInt8(ascii: "\n")) {
            let text = String(decoding: line, as: UTF8.self)
            guard text.hasSuffix("/libswiftCore.so"), let start = text.firstIndex(of: "/"), let end = text.lastIndex(of: "/") else {
                continue
            }
            let directory = String(text[start..<end])
            return directory.hasPrefix("/usr/") || directory.hasPrefix("/lib") ? nil : directory
        }
        return nil
    }
}
