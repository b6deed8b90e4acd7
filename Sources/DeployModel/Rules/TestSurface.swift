package import Patterns

/// Which files decide the verdict on the agent's work: a change to one of them needs a human.
///
/// Names are compared without regard to case, and a name counts whatever it is: a directory replaced by a symbolic link or by a
/// submodule is as good a way to change the verdict as an edit.
package struct TestSurface: Hashable, Sendable {
    /// Names of files and directories, at any depth. Everything below such a directory counts.
    package static let builtInNames: [String] = [
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

    /// The built-in ones alone.
    package static let builtIn: TestSurface = {
        do throws(GlobError) {
            return try TestSurface(additional: [])
        } catch {
            preconditionFailure("\(error)")
        }
    }()

    /// Most patterns are one plain name: those are looked up, not tried.
    private let names: Set<[UInt8]>
    private let globs: [Glob]

    /// - Parameter additional: the admin's (`AGENT_DEPLOY_TEST_SURFACE`): with a slash in front from the tree's top, without one at any depth.
    package init(additional: [String]) throws(GlobError) {
        var names: Set<[UInt8]> = []
        var globs: [Glob] = []
        for pattern in Self.builtInNames + additional {
            let glob = try Glob(pattern, ignoringCase: true)
            if let name = glob.literalName { names.insert(name) } else { globs.append(glob) }
        }
        self.names = names
        self.globs = globs
    }

    /// - Parameter path: inside the tree, names joined by `/`.
    package func contains(_ path: [UInt8]) -> Bool {
        let components = path.split(separator: UInt8(ascii: "/")).map { $0.map(Glob.folded) }
        return components.contains(where: names.contains) || globs.contains { $0.matches(components) }
    }
}
