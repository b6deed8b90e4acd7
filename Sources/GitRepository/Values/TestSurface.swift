/// Which files decide the verdict on the agent's work: a change to one of them needs a human.
///
/// Names are compared without regard to case, and a name counts whatever it is: a directory replaced by a symbolic link or by a
/// submodule is as good a way to change the verdict as an edit.
package struct TestSurface: Hashable, Sendable {
    /// Names of files and directories, at any depth. Everything below such a directory counts.
    package static let builtIn: [String] = [
        // Tests themselves.
        "test", "tests", "testing", "__tests__", "spec", "specs", "e2e", "test_*", "test-*", "*_test.*", "*_tests.*", "*-test.*",
        "*.test.*",
        "*.spec.*", "*_spec.*", "*test.java", "*tests.swift", "*tests.cs", "__snapshots__", "__mocks__", "tests.py", "test.py",
        // Python: what pytest, unittest and the interpreter load of themselves.
        "conftest.py", "pytest.ini", ".pytest.ini", "pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "noxfile.py",
        ".coveragerc",
        "sitecustomize.py", "usercustomize.py", "*.pth", "pyvenv.cfg", "nose.cfg", ".noserc", "unittest.cfg", ".python-version",
        "pytest.py",
        "_pytest", "unittest", "unittest.py",
        // What decides which code the tests run with.
        "requirements*.txt", "constraints*.txt", "requirements*.in", "pipfile", "*.lock", "package-lock.json",
        "npm-shrinkwrap.json",
        "pnpm-lock.yaml", "pnpm-workspace.yaml", "bun.lockb", "lock.json", "go.sum", "package.resolved", ".gitmodules",
        ".gitattributes",
        "node_modules", "vendor", ".venv",
        // Manifests and runner configuration.
        "package.json", "cargo.toml", "build.rs", ".cargo", "rust-toolchain*", "go.mod", "go.work", "package.swift", "gemfile",
        "rakefile",
        ".rspec", "makefile", "gnumakefile", "*.mk", "cmakelists.txt", "ctest*.cmake", "justfile", "taskfile.y*ml", "build.gradle*",
        "pom.xml",
        "jest.config.*", "jest.setup.*", "vitest.config.*", "vitest.workspace.*", "vite.config.*", "karma.conf.*",
        "playwright.config.*",
        "cypress.config.*", "cypress.json", ".mocharc*", "mocha.opts", ".nycrc*", "babel.config.*", ".babelrc*", "tsconfig*.json",
        "webpack.config.*", ".npmrc", ".yarnrc*", ".pnp.*", "ava.config.*", "wdio.conf.*", "phpunit.xml*", ".tool-versions",
        // Continuous integration.
        ".github", ".gitlab-ci.yml", ".gitlab", ".circleci", ".travis.yml", "jenkinsfile", "azure-pipelines*.yml", ".buildkite",
        ".drone.yml",
        "bitbucket-pipelines.yml", ".pre-commit-config.yaml", "dockerfile", "dockerfile.*", "docker-compose*.y*ml", ".env",
        ".envrc",
    ]

    private let exact: Set<ArraySlice<UInt8>>
    private let names: [Glob]
    private let paths: [Glob]

    /// `additional` are the admin's (`AGENT_DEPLOY_TEST_SURFACE`): a glob with a `/` before its end is matched against the whole path and
    /// against each directory above it, one without against any name in the path. `*` and `?` stop at `/`, `**` does not.
    package init(additional: [String] = []) {
        var exact: Set<ArraySlice<UInt8>> = []
        var names: [Glob] = []
        var paths: [Glob] = []
        for pattern in Self.builtIn + additional where !pattern.isEmpty {
            var text = pattern[...]
            while text.hasSuffix("/") { text.removeLast() }
            if text.hasPrefix("./") { text.removeFirst(2) }
            let isAnchored = text.contains("/")
            if text.hasPrefix("/") { text.removeFirst() }
            if isAnchored {
                paths.append(Glob(String(text)))
            } else if text.utf8.contains(where: { "*?[\\".utf8.contains($0) }) {
                names.append(Glob(String(text)))
            } else {
                exact.insert(Self.folded(text.utf8)[...])
            }
        }
        self.exact = exact
        self.names = names
        self.paths = paths
    }

    package func contains(_ path: TreePath) -> Bool {
        let text = Self.folded(path.bytes)
        let components = text.split(separator: UInt8(ascii: "/"))
        for component in components where exact.contains(component) || names.contains(where: { $0.matches(component) }) {
            return true
        }
        // The path itself and each directory above it.
        return !paths.isEmpty && components.contains { component in paths.contains { $0.matches(text[..<component.endIndex]) } }
    }

    private static func folded(_ bytes: some Sequence<UInt8>) -> [UInt8] { bytes.map(Glob.folded) }
}
