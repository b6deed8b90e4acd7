import DeploySteps
import Testing

struct NodePackageTests {
    private let integrity = "sha512-AAAA"

    private func request(_ manifest: String, _ lock: String, registry: String? = nil) throws -> NodePackage.Request {
        try NodePackage(Array(manifest.utf8)).request(lock: Array(lock.utf8), registry: registry)
    }

    private func lock(_ entry: String, at path: String = "node_modules/a", root: String = "{}") -> String {
        "{\"lockfileVersion\": 3, \"packages\": {\"\": \(root), \"\(path)\": \(entry)}}"
    }

    @Test(arguments: [
        (
            "{\"dependencies\": {\"a\": \"^1\", \"b\": \"npm:@s/c@1.2\", \"d\": \">=1 <2 || latest\"}}",
            "https://registry.npmjs.org/a/-/a-1.tgz"
        ),
        ("{\"overrides\": {\"a\": {\"b\": \"1\"}}}", "http://127.0.0.1:4873/a/-/a-1.tgz"),
    ])
    func `versions of the registry's are fetched`(_ manifest: String, _ resolved: String) throws {
        let entry = "{\"resolved\": \"\(resolved)\", \"integrity\": \"\(integrity)\"}"
        _ = try request(manifest, lock(entry), registry: "http://127.0.0.1:4873")
    }

    @Test(arguments: [
        "{\"dependencies\": {\"a\": \"git+ssh://git@github.com/a/b\"}}", "{\"dependencies\": {\"a\": \"user/repo\"}}",
        "{\"dependencies\": {\"a\": \"file:../..\"}}", "{\"devDependencies\": {\"a\": \"https://evil.example/a.tgz\"}}",
        "{\"dependencies\": {\"a\": \"npm:b@https://evil.example/\"}}",
        "{\"overrides\": {\"a\": {\"b\": \"http://169.254.169.254/\"}}}",
        "{\"dependencies\": {\"a\": 1}}", "{\"workspaces\": [\"x\"]}", "[]", "", "{",
    ])
    func `a package.json that leads elsewhere is refused`(_ manifest: String) {
        let entry = "{\"resolved\": \"https://registry.npmjs.org/a/-/a-1.tgz\", \"integrity\": \"\(integrity)\"}"
        #expect(throws: NodePackage.Objection.self) { try request(manifest, lock(entry)) }
    }

    @Test(arguments: [
        "{\"resolved\": \"https://evil.example/a.tgz\", \"integrity\": \"sha512-A\"}",
        "{\"resolved\": \"https://registry.npmjs.org.evil.example/a.tgz\", \"integrity\": \"sha512-A\"}",
        "{\"resolved\": \"https://registry.npmjs.org/a.tgz\"}", "{\"resolved\": \"../..\", \"link\": true}", "{\"link\": true}",
        "{}",
        "{\"resolved\": \"git+ssh://git@github.com/a/b#1\", \"integrity\": \"sha512-A\"}",
        "{\"resolved\": \"https://registry.npmjs.org/a.tgz\", \"integrity\": \"sha1-A\"}",
    ])
    func `a lock file that leads elsewhere is refused`(_ entry: String) {
        #expect(throws: NodePackage.Objection.self) { try request("{}", lock(entry)) }
    }

    @Test func `a place outside node_modules, an old form and no JSON are refused`() {
        let good = "{\"resolved\": \"https://registry.npmjs.org/a.tgz\", \"integrity\": \"sha512-A\"}"
        for path in ["a", "../a", "node_modules/../../a", "/etc/a"] {
            #expect(throws: NodePackage.Objection.self) { try request("{}", lock(good, at: path)) }
        }
        for text in ["", "{\"lockfileVersion\": 1, \"dependencies\": {}}", String(repeating: "[", count: 100_000)] {
            #expect(throws: NodePackage.Objection.self) { try request("{}", text) }
        }
        #expect(throws: NodePackage.Objection.self) {
            try request("{}", lock(good, root: "{\"dependencies\": {\"a\": \"file:/etc\"}}"))
        }
    }

    @Test(.timeLimit(.minutes(1))) func `what is nested deeply, in one place or in many, keeps nobody waiting`() throws {
        let good = lock("{\"resolved\": \"https://registry.npmjs.org/a.tgz\", \"integrity\": \"sha512-A\"}")
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "1,", count: 400_000) + "1"
                + String(repeating: "]", count: depth)
        }
        func manifest(_ depth: Int) -> String { "{\"scripts\": {\"build\": \"true\"}, \"x\": \(nested(depth))}" }
        _ = try request(manifest(60), good)
        for (manifest, lock) in [(manifest(490), good), ("{}", nested(490))] {
            let refusal = #expect(throws: NodePackage.Objection.self) { try request(manifest, lock) }
            #expect(refusal?.description.contains("nested more than 64 deep") == true)
        }
    }

    /// npm reads the last of two, and tells texts apart that Swift does not: judged by one, the other would be fetched.
    @Test(arguments: ["node_modules/\u{E9}", "node_modules/e\u{301}"])
    func `a package that a lock file has twice is refused`(_ path: String) {
        let entries = [
            "\"\(path)\": {\"resolved\": \"https://evil.example/a.tgz\", \"integrity\": \"sha512-A\"}",
            "\"node_modules/\u{E9}\": {\"resolved\": \"https://registry.npmjs.org/a.tgz\", \"integrity\": \"sha512-A\"}",
        ]
        for order in [entries, entries.reversed()] {
            #expect(throws: NodePackage.Objection.self) { try request("{}", "{\"packages\": {\(order.joined(separator: ", "))}}") }
        }
    }

    @Test func `only what says which packages there are makes another set of them`() throws {
        let good = lock("{\"resolved\": \"https://registry.npmjs.org/a.tgz\", \"integrity\": \"sha512-A\"}")
        func key(_ manifest: String, node: String = "v20") throws -> String {
            try request(manifest, good).key(node: node, architecture: "x86_64")
        }
        let first = try key("{\"dependencies\": {\"a\": \"1\"}}")
        #expect(try key("{\"scripts\": {\"build\": \"x\", \"postinstall\": \"y\"}, \"dependencies\": {\"a\": \"1\"}}") == first)
        #expect(try key("{\"dependencies\": {\"a\": \"2\"}}") != first)
        #expect(try key("{\"dependencies\": {\"a\": \"1\"}}", node: "v22") != first)
        #expect(first.count == 40)
    }
}
