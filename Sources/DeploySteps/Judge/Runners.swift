internal import CLinux
internal import DeployModel
internal import DurableFiles

/// Which runner tests a tree.
package enum Runners {
    /// The admin's, else one found by kind of project; nil where there is neither.
    package static func find(_ settings: PipelineSettings, in tree: String) -> (any Runner)? {
        if let command = settings.testCommand { return configured(command, report: settings.testReport, in: tree) }
        return detect(in: tree, report: settings.testReport)
    }

    /// The admin's command.
    package static func configured(_ command: String, report: String?, in tree: String? = nil) -> any Runner {
        if report == nil, let known = KnownCommand(command), let runner = known.runner(command, in: tree) { return runner }
        return ShellRunner(.command, named: "command", command: command, report: report, promisesReport: report != nil)
    }

    /// nil where no kind is recognised. Only names in the tree's top directory, in `tests` and `test`, and the text of `package.json`, `client/package.json` and
    /// `Makefile` decide.
    package static func detect(in tree: String, report: String? = nil) -> (any Runner)? {
        func has(_ name: String) -> Bool { (try? FileKind(of: tree + "/" + name)) == .file }
        func text(_ name: String) -> String {
            guard has(name), let bytes = try? DurableFile.read(tree + "/" + name, limit: 1 << 20) else { return "" }
            return String(decoding: bytes, as: UTF8.self)
        }
        func isDirectory(_ name: String) -> Bool { (try? FileKind(of: tree + "/" + name)) == .directory }
        func runner(_ kind: RunnerKind, _ name: String, _ command: String) -> any Runner {
            ShellRunner(kind, named: name, command: command, report: report, promisesReport: report != nil)
        }
        let python =
            has("pytest.ini") || has("conftest.py") || has("pyproject.toml") || has("setup.py") || has("setup.cfg")
            || has("tox.ini")
            || has("requirements.txt")
            || holdsTests(tree)
            || ["tests", "test"].contains { has($0 + "/__init__.py") || isDirectory($0) && holdsTests(tree + "/" + $0) }
        if python { return ShellRunner(.python, named: "Python", command: python3, report: report, promisesReport: true) }
        if has("package.json"), let manifest = PackageManifest(Array(text("package.json").utf8)), manifest.test != nil {
            if report == nil, let node = manifest.nodeRunner { return node }
            return runner(.npm, "npm", "npm test")
        }
        if isDirectory("client"), text("client/package.json").contains("\"test\"") {
            return runner(.npm, "npm (client)", "npm --prefix client test")
        }
        if has("Package.swift") {
            if report == nil, !SwiftRunner.targets(tree).isEmpty, let swift = SwiftRunner([]) { return swift }
            return runner(.swift, "Swift", "swift test")
        }
        if has("Cargo.toml") {
            let sources = CargoSources(tree)
            if report == nil, sources.haveTests, !sources.haveOwnHarness, let cargo = CargoRunner([]) { return cargo }
            return runner(.cargo, "Cargo", "cargo test")
        }
        if has("go.mod") {
            if report == nil, GoRunner.hasTests(tree), let go = GoRunner(["./..."]) { return go }
            return runner(.go, "Go", "go test ./...")
        }
        for name in ["Makefile", "makefile", "GNUmakefile"] {
            let lines = text(name).split(separator: "\n")
            for target in ["test", "check"] where lines.contains(where: { $0.hasPrefix(target + ":") }) {
                return runner(.make, "make", "make \(target)")
            }
        }
        if report == nil, has("package.json"), NodeRunner.hasTests(tree) { return NodeRunner([], command: "node --test") }
        return nil
    }

    /// Whether Python's tests lie in the directory itself.
    private static func holdsTests(_ directory: String) -> Bool {
        let names = (try? Directories.list(directory)) ?? []
        return names.contains { ($0.hasPrefix("test_") || $0.hasSuffix("_test.py")) && $0.hasSuffix(".py") }
    }

    /// pytest where it is installed, else the standard library's runner with a report of its own, so that each test speaks for itself.
    private static let python3 = """
        if python3 -c 'import pytest' 2>/dev/null; then exec python3 -m pytest --junitxml="$PINFOLD_TEST_REPORT"; fi
        exec python3 -c '
        import os, sys, unittest
        from xml.sax.saxutils import quoteattr
        class Result(unittest.TextTestResult):
            def __init__(self, *arguments, **options):
                super().__init__(*arguments, **options)
                self.outcomes = {}
            def addSuccess(self, test):
                super().addSuccess(test)
                self.outcomes.setdefault(test.id(), "")
            def addExpectedFailure(self, test, error):
                super().addExpectedFailure(test, error)
                self.outcomes.setdefault(test.id(), "")
            def addSkip(self, test, reason):
                super().addSkip(test, reason)
                self.outcomes[test.id()] = "<skipped/>"
            def addFailure(self, test, error):
                super().addFailure(test, error)
                self.outcomes[test.id()] = "<failure/>"
            def addError(self, test, error):
                super().addError(test, error)
                self.outcomes[test.id()] = "<error/>"
            def addUnexpectedSuccess(self, test):
                super().addUnexpectedSuccess(test)
                self.outcomes[test.id()] = "<failure/>"
            def addSubTest(self, test, subtest, error):
                super().addSubTest(test, subtest, error)
                if error:
                    self.outcomes[test.id()] = "<failure/>"
        suite = unittest.TestSuite([unittest.TestLoader().discover(".")])
        for place in ("tests", "test"):
            if os.path.isdir(place) and not os.path.exists(place + "/__init__.py"):
                suite.addTests(unittest.TestLoader().discover(place))
        result = unittest.TextTestRunner(resultclass=Result, verbosity=2).run(suite)
        with open(os.environ["PINFOLD_TEST_REPORT"], "w") as report:
            report.write("<testsuite>")
            for name, outcome in result.outcomes.items():
                report.write("<testcase name=" + quoteattr(name) + ">" + outcome + "</testcase>")
            report.write("</testsuite>")
        sys.exit(not result.wasSuccessful())
        '
        """
}
