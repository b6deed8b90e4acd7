internal import CLinux

/// Pinfold's other programs, which lie beside the running one, in an installation and in a build directory alike.
enum OwnExecutables {
    static func path(of name: String) throws(FenceError) -> String {
        guard let own = link("/proc/self/exe") else { throw FenceError("/proc/self/exe cannot be read", kind: .refused) }
        var executables = [own]
        // The toolchain's helper runs a test bundle that its command line names; the others are beside the bundle.
        if own.hasSuffix("/swiftpm-testing-helper") || own.hasSuffix("/xctest") { executables += CommandLine.arguments }
        for executable in executables {
            guard let slash = executable.lastIndex(of: "/") else { continue }
            let path = "\(executable[..<slash])/\(name)"
            if unsafe access(path, X_OK) == 0 { return path }
        }
        throw FenceError("\(name) is not beside \(own): the installation is not whole", kind: .refused)
    }

    /// Where the Swift runtime that this process uses lies, if that is not a directory of the system's: a build that links it dynamically.
    static var runtimeDirectory: String? {
        for line in (readWhole("/proc/self/maps") ?? []).split(separator: UInt8(ascii: "\n")) {
            let text = String(decoding: line, as: UTF8.self)
            guard text.hasSuffix("/libswiftCore.so"), let start = text.firstIndex(of: "/"), let end = text.lastIndex(of: "/") else {
                continue
            }
            let directory = String(text[start..<end])
            return directory.hasPrefix("/usr/") || directory.hasPrefix("/lib") ? nil : directory
        }
        return nil
    }

    static func link(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink(path, &buffer, buffer.count)
        guard count > 0, count < buffer.count else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
