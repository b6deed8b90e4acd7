internal import CLinux

/// The path of another of Pinfold's programs, which lie beside the running one; nil where it is not there.
func ownExecutable(_ name: String) -> String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0, count < buffer.count else { return nil }
    let own = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // The toolchain's helper runs a test bundle that its command line names; the programs lie beside the bundle.
    let isTestHelper = own.hasSuffix("/swiftpm-testing-helper") || own.hasSuffix("/xctest")
    for executable in [own] + (isTestHelper ? CommandLine.arguments : []) {
        guard let slash = executable.lastIndex(of: "/") else { continue }
        let path = "\(executable[..<slash])/\(name)"
        if unsafe access(path, X_OK) == 0 { return path }
    }
    return nil
}
