import DeployModel
import Testing

/// Which commands of an admin's are run as a known runner.
struct KnownCommandTests {
    @Test(
        arguments: [
            ("python3 -m pytest", .pytest, []), ("pytest -q tests", .pytest, ["-q", "tests"]),
            ("python3 -m unittest discover -s 'my tests'", .unittest, ["discover", "-s", "my tests"]),
            ("pytest --junitxml=\"$PINFOLD_TEST_REPORT\"", .pytest, ["--junitxml=$PINFOLD_TEST_REPORT"]),
            ("pytest --junitxml ${PINFOLD_TEST_REPORT}", .pytest, ["--junitxml", "$PINFOLD_TEST_REPORT"]),
            ("node --test  test/", .node, ["test/"]), ("go test ./...", .go, ["./..."]), ("cargo test", .cargo, []),
            ("swift test --filter 'A b'", .swift, ["--filter", "A b"]), ("pytest ''", .pytest, [""]),
        ] as [(String, RunnerKind, [String])])
    func `simple words after a runner's name are its arguments`(_ command: String, _ kind: RunnerKind, _ arguments: [String]) {
        let known = KnownCommand(command)
        #expect(known?.kind == kind)
        #expect(known?.arguments == arguments)
    }

    @Test(arguments: [
        ("/opt/venv/bin/python -m pytest -q", "/opt/venv/bin/python", true), ("python3.11 -m unittest", "python3.11", true),
        ("/opt/venv/bin/pytest", "/opt/venv/bin/python3", false), ("pytest", "python3", false),
        ("/usr/local/go/bin/go test", "/usr/local/go/bin/go", false),
    ])
    func `the program is the one that is named, and pytest's own is run by the Python beside it`(
        _ command: String, _ program: String, _ isModule: Bool
    ) {
        #expect(KnownCommand(command)?.program == program)
        #expect(KnownCommand(command)?.isModule == isModule)
    }

    @Test(arguments: [
        "pytest; true", "bin/python -m pytest", "./pytest", "python2 -m pytest", "python3x -m pytest", "pytest && true",
        "pytest | cat", "pytest > out", "A=1 pytest", "pytest $HOME", "pytest tests/*.py",
        "pytest `id`", "pytest \"$(id)\"", "pytest 'a", "pytest $PINFOLD_TEST_REPORTS", "pytest # all", "pytest\ntrue", "sh run.sh",
        "python3 -m pytester", "python3", "make test", "", "pytest a\\ b", "pytest ~/x", "pytest {a,b}",
        "pytest $$PINFOLD_TEST_REPORT",
    ])
    func `what a shell has more to do with is no known runner's`(_ command: String) {
        #expect(KnownCommand(command) == nil)
    }
}
