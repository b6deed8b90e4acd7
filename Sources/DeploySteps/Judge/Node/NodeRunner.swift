package import DeployModel

/// Node's own test runner: each test file in a process of its own, as `node --test` has it, watched by what is loaded there before the project is.
package struct NodeRunner: Runner {
    /// Options of node's, which each test file's process gets.
    package let options: [String]
    /// Files, directories and patterns; none for what node finds by itself.
    package let files: [String]
    /// As the project says it.
    package let command: String

    package var kind: RunnerKind { .node }
    package var name: String { "node" }
    package var reports: Bool { true }
    package var cannotBite: String? { nil }

    /// - Parameter arguments: what follows `node --test`. nil where one is not known to mean the same for a file by itself.
    package init?(_ arguments: [String], command: String) {
        var options: [String] = []
        var files: [String] = []
        var rest = arguments[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-") else {
                files.append(word)
                continue
            }
            let name = word.prefix { $0 != "=" }
            guard let takesValue = Self.known[String(name)] else { return nil }
            var value: [String] = []
            if takesValue, !word.contains("=") {
                guard let next = rest.popFirst() else { return nil }
                value = [next]
            }
            // The judge reports, and what is printed besides is for people.
            if !Self.left.contains(String(name)) { options += [word] + value }
        }
        self.options = options
        self.files = files
        self.command = command
    }

    /// Options, and whether the next word is theirs.
    private static let known: [String: Bool] = [
        "--test-only": false, "--test-force-exit": false, "--enable-source-maps": false, "--no-warnings": false,
        "--experimental-vm-modules": false, "--experimental-strip-types": false, "--experimental-test-module-mocks": false,
        "--experimental-test-snapshots": false, "--expose-gc": false, "--trace-warnings": false,
        "--test-name-pattern": true, "--test-skip-pattern": true, "--test-timeout": true, "--test-concurrency": true,
        "--test-reporter": true, "--test-reporter-destination": true, "--import": true, "--require": true, "-r": true,
        "--loader": true, "--experimental-loader": true, "--conditions": true, "-C": true,
    ]
    private static let left: Set<String> = ["--test-reporter", "--test-reporter-destination", "--test-concurrency"]

    /// Whether there is a file that node takes for a test by itself.
    static func hasTests(_ tree: String) -> Bool {
        var walk = SourceWalk(tree, leavingOut: ["node_modules", ".git"])
        while let path = walk.next() {
            let parts = path.split(separator: "/")
            guard let name = parts.last, [".js", ".cjs", ".mjs"].contains(where: { name.hasSuffix($0) }) else { continue }
            let stem = name.prefix { $0 != "." }
            let isNamed =
                stem == "test" || name.hasPrefix("test-")
                || ["test.js", "test.cjs", "test.mjs"].contains { end in
                    [".", "-", "_"].contains { name.hasSuffix($0 + end) }
                }
            if isNamed || parts.dropLast().contains("test") { return true }
        }
        return false
    }

    package func phases(_ run: JudgedRun, in tree: String) -> [Phase] {
        var phase = Phase(["node", Self.directory + "/node-run.cjs"] + options + ["--"] + files)
        phase.handed = [[UInt8(ascii: run == .bitten ? "B" : "-")]]
        phase.shown = [
            Self.directory + "/node-run.cjs": PackageResources.node_run_cjs,
            Self.directory + "/node-preload.cjs": PackageResources.node_preload_cjs,
        ]
        phase.report = ExpectedReport(.descriptor, .junit)
        return [phase]
    }

    /// Inside the fence.
    private static let directory = "/run/pinfold/judge"
}
