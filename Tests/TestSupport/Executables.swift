internal import LinuxSystem

/// The executables under test: those that were built beside the tests.
package enum Executables {
    package static var pinfold: String { path("pinfold") }
    package static var mount: String { path("pinfold-mount") }
    package static var fence: String { path("pinfold-fence") }
    package static var git: String { path("pinfold-git") }
    package static var fuzz: String { path("pinfold-fuzz") }
    package static var keptHammer: String { path("pinfold-kept-hammer") }
    package static var deployd: String { path("pinfold-deployd") }
    package static var web: String { path("pinfold-web") }

    private static func path(_ name: String) -> String { directory + "/" + name }

    /// The build directory, found from the test runner's own place and not from the working directory: the runner is either in that
    /// directory or, where the toolchain runs the test bundle by a helper, its first argument names the bundle.
    package static let directory: String = {
        let beside = CommandLine.arguments.compactMap { $0.lastIndex(of: "/").map($0.prefix(upTo:)).map(String.init) }
        for candidate in beside + [ProgramDirectory.own?.path].compactMap(\.self) {
            if exists(candidate + "/pinfold-mount") { return candidate }
        }
        fatalError("pinfold-mount is not beside the tests: \(CommandLine.arguments)")
    }()
}
