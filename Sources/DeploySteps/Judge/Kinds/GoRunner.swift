package import DeployModel
internal import DurableFiles

/// `go test`. In the bitten run the standard library's `testing` is one in which each test, fuzz test and example fails at its end.
package struct GoRunner: Runner {
    package let arguments: [String]

    package var kind: RunnerKind { .go }
    package var name: String { "Go" }
    package var command: String { (["go", "test"] + arguments).joined(separator: " ") }
    package var reports: Bool { true }
    package var cannotBite: String? {
        (try? GoTesting.bitten()) == nil ? "the testing package of the Go that is installed is not known here" : nil
    }

    /// nil where an argument decides what is built, or what runs it.
    package init?(_ arguments: [String]) {
        let own = ["-c", "-o", "-exec", "-toolexec", "-overlay", "-json", "-args", "-list", "-fuzz", "-C", "-h"]
        let isOwn = arguments.contains { word in
            let option = word.hasPrefix("--") ? String(word.dropFirst()) : word
            return own.contains { option == $0 || option.hasPrefix($0 + "=") }
        }
        if isOwn { return nil }
        self.arguments = arguments
    }

    /// Without one there would be no report, and that fails.
    static func hasTests(_ tree: String) -> Bool {
        var walk = SourceWalk(tree, leavingOut: ["vendor", "testdata", ".git", "node_modules"])
        while let path = walk.next() { if path.hasSuffix("_test.go") { return true } }
        return false
    }

    package func phases(_ run: JudgedRun, in tree: String) throws -> [Phase] {
        var words = ["go", "test", "-json"]
        var shown: [String: [UInt8]] = [:]
        if run == .bitten {
            let files = try GoTesting.bitten()
            let overlay = files.map { file in "\"\(file.path)\":\"\(Self.directory)/\(file.name)\"" }.joined(separator: ",")
            for file in files { shown["\(Self.directory)/\(file.name)"] = file.bytes }
            shown[Self.directory + "/overlay.json"] = Array("{\"Replace\":{\(overlay)}}".utf8)
            words.append("-overlay=\(Self.directory)/overlay.json")
        }
        // Each test has its say.
        let arguments = run == .bitten ? arguments.filter { !$0.hasPrefix("-failfast") && !$0.hasPrefix("--failfast") } : arguments
        var phase = Phase.printing(words + arguments, standardError: false)
        phase.shown = shown
        phase.report = ExpectedReport(.descriptor, .go)
        return [phase]
    }

    /// Inside the fence.
    private static let directory = "/run/pinfold/judge"
}

/// The files of Go's `testing` that run tests, with a failure at the end of each.
enum GoTesting {
    struct File {
        /// Where Go looks for it.
        let path: String
        let name: String
        let bytes: [UInt8]
    }

    struct Unknown: Error {}

    /// - Throws: where no Go is installed, or its files have not the lines that are known.
    static func bitten() throws -> [File] {
        guard let program = Programs.resolved("go"), program.hasSuffix("/bin/go") else { throw Unknown() }
        let directory = program.dropLast("/bin/go".count) + "/src/testing/"
        return try [
            // What comes after a subtest runs as if that had passed.
            (
                "testing.go",
                [("\n\tfn(t)\n", "\n\tfn(t)\n\tt.common.Fail()\n"), ("\n\treturn !t.failed\n", "\n\treturn true\n")]
            ),
            ("fuzz.go", [("\n\tfn(f)\n", "\n\tfn(f)\n\tf.common.Fail()\n")]),
            ("example.go", [("got := strings.TrimSpace(stdout)\n", "got := strings.TrimSpace(stdout) + \"\\x00\"\n")]),
        ].map { name, changes in
            guard let bytes = try DurableFile.read(directory + name, limit: 1 << 20) else { throw Unknown() }
            var text = String(decoding: bytes, as: UTF8.self)
            for (line, bitten) in changes {
                guard text.ranges(of: line).count == 1 else { throw Unknown() }
                text.replace(line, with: bitten)
            }
            return File(path: directory + name, name: name, bytes: Array(text.utf8))
        }
    }
}
