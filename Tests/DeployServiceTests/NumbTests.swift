import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

/// Whether tests that were made to fail are seen to, for each kind of runner: what deceives the first run, too.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct NumbTests {
    @Test(arguments: [RunnerTests.node, RunnerTests.go, RunnerTests.cargo, RunnerTests.swift])
    func `honest tests fail when they are made to`(_ project: RunnerTests.Project) async throws {
        try await configured { farm in
            farm.settings.tests.command = nil
            farm.settings.tests.timeout = 240
        }.run { farm, service in
            let files = project.files.merging([project.code.path: project.code.right]) { $1 }
            let deployed = try await service.deployed(farm.commit(files), seconds: 400)
            #expect(deployed.bite?.outcome == .held, "\(deployed)")
        }
    }

    /// A Go program that starts itself, and has what one test says about itself changed on the way.
    private static let filter = """
        package app

        import (
        	"bytes"
        	"os"
        	"os/exec"
        )

        func Add(a, b int) int { return 0 }

        func init() {
        	if os.Getenv("INNER") != "" {
        		return
        	}
        	inner := exec.Command(os.Args[0], os.Args[1:]...)
        	inner.Env = append(os.Environ(), "INNER=1")
        	said, err := inner.CombinedOutput()
        	said = bytes.ReplaceAll(said, []byte("--- FAIL: TestAdd"), []byte("--- PASS: TestAdd"))
        	if !bytes.Contains(said, []byte("--- FAIL")) {
        		err = nil
        		said = bytes.ReplaceAll(said, []byte("\\nFAIL\\n"), []byte("\\nPASS\\n"))
        	}
        	os.Stdout.Write(said)
        	if err != nil {
        		os.Exit(1)
        	}
        	os.Exit(0)
        }
        """

    private static let printed = """
        package app

        import "os"

        func Add(a, b int) int { return 0 }

        func init() {
        	for _, name := range []string{"TestAdd", "TestTwo", "TestTwo/inner"} {
        		os.Stdout.WriteString("=== RUN   " + name + "\\n--- PASS: " + name + " (0.00s)\\n")
        	}
        	os.Stdout.WriteString("PASS\\n")
        	os.Exit(0)
        }
        """

    private static let rust = """
        use std::io::Write;
        use std::os::unix::io::FromRawFd;

        pub fn add(_: i32, _: i32) -> i32 {
            let mut out = unsafe { std::fs::File::from_raw_fd(1) };
            let _ = out.write_all(b"test adds ... ok\\ntest other ... ok\\n\\ntest result: ok. 2 passed; 0 failed\\n\\n");
            std::process::exit(0)
        }
        """

    @Test(
        arguments: [
            (RunnerTests.go, filter, ["example.com/app::TestAdd"]),
            (RunnerTests.go, printed, ["example.com/app::TestAdd", "example.com/app::TestTwo", "example.com/app::TestTwo/inner"]),
            (RunnerTests.cargo, rust, ["it tests/it.rs::adds", "it tests/it.rs::other"]),
        ])
    func `tests whose failure is hidden are numb, and a human is asked`(
        _ project: RunnerTests.Project, _ code: String, _ expected: [String]
    ) async throws {
        try await configured { $0.settings.tests.command = nil }.run { farm, service in
            let files = project.files.merging([project.code.path: code]) { $1 }
            let outcome = try await service.outcome(of: farm.commit(files), seconds: 240)
            #expect(outcome.verdict?.passed == true, "it deceives the first run: \(outcome)")
            #expect(outcome.state == .awaitingApproval && outcome.approvalReasons.contains(.numbTests), "\(outcome)")
            #expect(expected.allSatisfy { outcome.bite?.numb.contains($0) == true }, "\(outcome)")
        }
    }
}
