import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

/// Each kind of project with its real runner: what its tests say, and what code under test makes of it.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct RunnerTests {
    struct Project: Sendable, CustomTestStringConvertible {
        let name: String
        let files: [String: String]
        /// The application's file, as it is right.
        let code: (path: String, right: String)
        /// As it is wrong; nil where a run takes long.
        let wrong: String?
        /// What ends the process with 0, instead of the code.
        let ending: String
        let passed: Int

        var testDescription: String { name }
    }

    static let node = Project(
        name: "node",
        files: [
            "package.json": #"{"scripts": {"test": "node --test"}}"#,
            "test/app.test.js": """
            const { describe, it, test } = require('node:test');
            const assert = require('node:assert');
            const app = require('../app.js');
            test('adds', () => assert.equal(app.add(1, 2), 3));
            describe('subtraction', () => { it('subtracts', async () => assert.equal(app.sub(3, 2), 1)); });
            """,
        ],
        code: ("app.js", "exports.add = (a, b) => a + b; exports.sub = (a, b) => a - b;\n"),
        wrong: "exports.add = (a, b) => 0; exports.sub = (a, b) => a - b;\n",
        ending: "process.exit(0);\n", passed: 2)

    static let go = Project(
        name: "go",
        files: [
            "go.mod": "module example.com/app\n\ngo 1.19\n",
            "app_test.go": """
            package app

            import "testing"

            func TestAdd(t *testing.T) {
            	if Add(1, 2) != 3 {
            		t.Fatal("wrong")
            	}
            }

            func TestTwo(t *testing.T) {
            	t.Run("inner", func(t *testing.T) {})
            }
            """,
        ],
        code: ("app.go", "package app\n\nfunc Add(a, b int) int { return a + b }\n"),
        wrong: "package app\n\nfunc Add(a, b int) int { return 0 }\n",
        ending: "package app\n\nimport \"os\"\n\nfunc init() { os.Exit(0) }\n\nfunc Add(a, b int) int { return 0 }\n", passed: 3)

    static let cargo = Project(
        name: "cargo",
        files: [
            "Cargo.toml": "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
            "tests/it.rs": "#[test]\nfn adds() {\n    assert_eq!(app::add(1, 2), 3);\n}\n\n#[test]\nfn other() {}\n",
        ],
        code: ("src/lib.rs", "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n"),
        wrong: "pub fn add(_: i32, _: i32) -> i32 {\n    0\n}\n",
        ending: "pub fn add(_: i32, _: i32) -> i32 {\n    std::process::exit(0)\n}\n", passed: 2)

    static let swift = Project(
        name: "swift",
        files: [
            "Package.swift": """
            // swift-tools-version: 6.0
            import PackageDescription
            let package = Package(name: "App", targets: [.target(name: "App"), .testTarget(name: "AppTests", dependencies: ["App"])])
            """,
            "Tests/AppTests/AppTests.swift": """
            import App
            import Testing
            @Test func adds() { #expect(add(1, 2) == 3) }
            @Test func other() {}
            """,
        ],
        code: ("Sources/App/App.swift", "public func add(_ a: Int, _ b: Int) -> Int { a + b }\n"),
        wrong: nil,
        ending: "import Glibc\npublic func add(_ a: Int, _ b: Int) -> Int { exit(0) }\n", passed: 2)

    @Test(arguments: [node, go, cargo, swift])
    func `each test of a project speaks for itself`(_ project: Project) async throws {
        try await configured { farm in
            farm.settings.tests.command = nil
            farm.settings.tests.timeout = 400
        }.run { farm, service in
            let right = project.files.merging([project.code.path: project.code.right]) { $1 }
            let deployed = try await service.deployed(farm.commit(right), seconds: 500)
            let verdict = try #require(deployed.verdict)
            #expect(verdict.basis == .report && verdict.passedCount == project.passed, "\(verdict)")

            if let code = project.wrong {
                let wrong = try await service.outcome(of: farm.commit([project.code.path: code]), seconds: 500)
                #expect(wrong.state == .failed && wrong.verdict?.failedCount == 1, "\(wrong)")
            }

            let ending = try await service.outcome(of: farm.commit([project.code.path: project.ending]), seconds: 500)
            #expect(ending.state == .failed || ending.state == .awaitingApproval, "\(ending)")
            #expect(ending.verdict?.passedCount ?? 0 < project.passed, "\(ending)")
        }
    }

    @Test(arguments: [
        (
            "node --test",
            #"const M = require('module'); const old = M._load; M._load = function (n) { return n === 'node:assert' ? { equal() {} } : old.apply(this, arguments) };"#
        ),
        ("assert", #"require('node:assert').equal = () => {};"#),
        ("exit code", #"process.on('exit', () => { process.exitCode = 0 }); throw new Error('hidden');"#),
        ("errors", #"process.on('uncaughtException', () => {}); throw new Error('hidden');"#),
        ("report", #"require('fs').writeSync(3, 'p"adds"\n');"#),
        ("printed", #"console.log('ok 1 - adds'); process.reallyExit(0);"#),
    ])
    func `code under Node's runner cannot make it say that a test passed`(_ what: String, _ cheat: String) async throws {
        try await configured { $0.settings.tests.command = nil }.run { farm, service in
            let project = Self.node
            var files = project.files
            // Loaded first, as the application is by many a test.
            files["test/app.test.js"] = "require('../app.js');\n" + (files["test/app.test.js"] ?? "")
            files[project.code.path] = cheat + "\n" + (project.wrong ?? "")
            let outcome = try await service.outcome(of: farm.commit(files), seconds: 120)
            #expect(outcome.state == .failed && outcome.verdict?.basis == .report, "\(outcome)")
        }
    }

    @Test func `what Node's tests do honestly passes under every wrapper`() async throws {
        try await configured { $0.settings.tests.command = "node --test" }.run { farm, service in
            let outcome = try await service.deployed(
                farm.commit([
                    "lib/child.cjs": "process.send('hi');\n",
                    "test/all.test.mjs": """
                    import test, { after, describe, it } from 'node:test';
                    import assert from 'node:assert/strict';
                    import { fork } from 'node:child_process';
                    import { Worker } from 'node:worker_threads';
                    test('calls back', (t, done) => setImmediate(done));
                    test('nests', async (t) => { await t.test('within', () => {}); });
                    test('forks', async () => {
                        const child = fork(new URL('../lib/child.cjs', import.meta.url).pathname);
                        assert.equal(await new Promise((resolve) => child.on('message', resolve)), 'hi');
                    });
                    test('has threads', async () => {
                        const worker = new Worker('require("worker_threads").parentPort.postMessage(1)', { eval: true });
                        assert.equal(await new Promise((resolve) => worker.on('message', resolve)), 1);
                    });
                    test('skips', (t) => t.skip());
                    test.todo('later');
                    describe('a', () => { describe('b', () => { it('c', () => {}); }); });
                    after(() => process.exit(0));
                    """,
                    "test/plain.js": "require('assert').equal(require.main, module);\nprocess.exit(0);\n",
                ]), seconds: 120)
            let verdict = try #require(outcome.verdict)
            #expect(verdict.passedCount == 7 && verdict.skippedCount == 2 && verdict.failedCount == 0, "\(verdict)")
        }
    }
}
