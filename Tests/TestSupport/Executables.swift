internal import CLinux

/// The executables under test: those that were built beside the tests.
package enum Executables {
    package static var pinfold: String { path("pinfold") }
    package static var mount: String { path("pinfold-mount") }
    package static var fence: String { path("pinfold-fence") }
    package static var git: String { path("pinfold-git") }
    package static var fuzz: String { path("pinfold-fuzz") }
    package static var deployd: String { path("pinfold-deployd") }

    private static func path(_ name: String) -> String { directory + "/" + name }

    /// The build directory, found from the test runner's own place and not from the working directory: the runner is either in that
    /// directory or, where the toolchain runs the test bundle by a helper, its first argument names the bundle.
    private static let directory: String = {
        for argument in CommandLine.arguments + [executable] {
            guard let slash = argument.lastIndex(of: "/") else { continue }
            let candidate = String(argument[..<slash])
            if exists(candidate + "/pinfold-mount") { return candidate }
        }
        fatalError("pinfold-mount is not beside the tests: \(CommandLine.arguments)")
    }()

    private static var executable: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
