import DeployModel
import Testing

struct TestSurfaceTests {
    @Test(arguments: [
        "tests/test_a.py", "conftest.py", "a/b/conftest.py", "pytest.ini", "pyproject.toml", "setup.cfg", "tox.ini",
        "client/package.json",
        "client/package-lock.json", "Makefile", "makefile", "sub/Makefile", ".github/workflows/ci.yml", "sitecustomize.py",
        "lib/evil.pth",
        "yarn.lock", "Cargo.lock", "src/app.test.ts", "src/app.spec.js", "pkg/x_test.go", "__tests__/a.js", "Tests/A/B.swift",
        "TEST/a",
        "test_top.py", "a/test_x.py", "requirements.txt", "requirements-dev.txt", "jest.config.js", "tests", ".gitlab-ci.yml",
        "go.sum",
        ".gitattributes", "sub/tests/data/deep/file.bin", "Package.swift", "usercustomize.py", "testdata/a.json", "fixtures/a.json",
        "FooTest.kt", "foo_unittest.cc", "pytest.toml", "conftest.pyc", "pluggy/__init__.py", "x.egg-info/entry_points.txt",
        "gradlew",
        "compose.yml", "nextest.toml", "tests.rs", "spec_helper.rb", "features/login.feature", "tasks.py", "x.snap",
    ])
    func `what decides the verdict is in the surface`(path: String) {
        #expect(TestSurface.builtIn.contains(Array(path.utf8)))
    }

    @Test(arguments: [
        "app.py", "agent_server/main.py", "client/src/App.tsx", "README.md", "docs/latest.md", "contest.py", "attestation/x.py",
        "static/protest.png",
        "src/testament.py", "index.html", "app/tasks.py", "src/features/login.tsx", "app/workspace/a.py", "build_info.py",
        "app/checks.py",
    ])
    func `ordinary code is not`(path: String) {
        #expect(!TestSurface.builtIn.contains(Array(path.utf8)))
    }

    @Test func `the admin's patterns are added, with a slash in front from the top and without at any depth`() throws {
        let surface = try TestSurface(additional: [
            "*.golden", "evals/", "server/checks/**", "ci/scripts", "/scripts/verify*.sh", "/data/[a-c]?.json",
        ])
        for path in [
            "a/b/x.golden", "evals/deep/x", "deep/evals/x", "server/checks/a/b.py", "x/server/checks/a.py", "scripts/verify-all.sh",
            "data/b1.json", "ci/scripts/verify.sh", "service/ci/scripts/verify.sh", "Service/CI/Scripts/verify.sh", "DATA/B1.JSON",
        ] {
            #expect(surface.contains(Array(path.utf8)), "\(path)")
        }
        for path in [
            "a.goldenx", "server/check/x.py", "deep/scripts/verify.sh", "data/d1.json", "data/a12.json", "deep/data/a1.json",
            "evalsx",
            "ci/x/scripts/verify.sh",
        ] {
            #expect(!surface.contains(Array(path.utf8)), "\(path)")
        }
    }

    @Test func `a pattern that cannot be read is refused`() {
        #expect(throws: (any Error).self) { try TestSurface(additional: ["a/[b"]) }
    }

    @Test func `a pattern that would take others for ever is matched at once`() throws {
        let surface = try TestSurface(additional: [
            String(repeating: "*a", count: 40) + "b", "**/" + String(repeating: "a/**/", count: 30) + "b",
        ])
        for path in [String(repeating: "a", count: 200), String(repeating: "a/", count: 500) + "c"] {
            let isIn = surface.contains(Array(path.utf8))
            #expect(!isIn)
        }
    }

    @Test func `bytes that are not text are compared as they are`() {
        #expect(!TestSurface.builtIn.contains([0xff, 0xfe]))
        #expect(TestSurface.builtIn.contains(Array("tests/".utf8) + [0xff]))
    }
}
