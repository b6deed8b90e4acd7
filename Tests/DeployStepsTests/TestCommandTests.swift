import DeploySteps
import TestSupport
import Testing

/// Which command tests a project where the admin gave none.
struct TestCommandTests {
    @Test(
        arguments: [
            ("pytest.ini", "", "python3 "), ("pyproject.toml", "", "python3 "), ("requirements.txt", "", "python3 "),
            ("tests/test_one.py", "", "python3 "), ("test/one_test.py", "", "python3 "),
            ("client/package.json", #"{"scripts": {"test": "node --test"}}"#, "npm --prefix client test"),
            ("test_one.py", "", "python3 "), ("one_test.py", "", "python3 "),
            ("package.json", #"{"scripts": {"test": "node --test"}}"#, "node --test"),
            ("package.json", #"{"scripts": {"test": "jest", "pretest": "tsc"}}"#, "npm test"), ("Package.swift", "", "swift test"),
            ("Cargo.toml", "", "cargo test"), ("go.mod", "", "go test ./..."), ("Makefile", "all:\n\ntest: all\n", "make test"),
            ("GNUmakefile", "check:\n\ttrue\n", "make check"),
        ])
    func `a project is recognised by what lies at its top`(_ name: String, _ text: String, _ expected: String) throws {
        try withTemporaryDirectory { root in
            if name.contains("/") { try makeDirectories(root + "/" + name.split(separator: "/")[0]) }
            try writeFile(root + "/" + name, text)
            let found = try #require(Runners.detect(in: root))
            #expect(expected.hasSuffix(" ") ? found.command.contains(expected) && found.reports : found.command == expected)
        }
    }

    @Test(arguments: [
        ("README.md", "test:"), ("package.json", #"{"name": "a"}"#), ("client", ""), ("tests", ""), ("Makefile", "all:\n"),
        ("app.py", ""),
    ])
    func `what has no tests that can be found is not recognised`(_ name: String, _ text: String) throws {
        try withTemporaryDirectory { root in
            try writeFile(root + "/" + name, text)
            #expect(Runners.detect(in: root) == nil)
        }
    }

    @Test func `a link or a directory of a telling name tells nothing`() throws {
        try withTemporaryDirectory { root in
            try shell("mkdir \(root)/Cargo.toml; ln -s /etc/passwd \(root)/go.mod").requireSuccess()
            #expect(Runners.detect(in: root) == nil)
        }
    }
}
