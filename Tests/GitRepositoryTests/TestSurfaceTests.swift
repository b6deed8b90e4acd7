import GitRepository
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
        ".gitattributes", "sub/tests/data/deep/file.bin", "Package.swift", "usercustomize.py",
    ])
    func `what decides the verdict is in the surface`(path: String) {
        #expect(TestSurface().contains(TreePath(path)))
    }

    @Test(arguments: [
        "app.py", "agent_server/main.py", "client/src/App.tsx", "README.md", "docs/latest.md", "contest.py", "attestation/x.py",
        "static/protest.png",
        "src/testament.py", "index.html",
    ])
    func `ordinary code is not`(path: String) {
        #expect(!TestSurface().contains(TreePath(path)))
    }

    @Test func `the admin's globs are added`() {
        let surface = TestSurface(additional: [
            "*.golden", "evals/", "server/checks/**", "/scripts/verify*.sh", "data/[a-c]?.json", "",
        ])
        for path in [
            "a/b/x.golden", "evals/deep/x", "deep/evals/x", "server/checks/a/b.py", "scripts/verify-all.sh", "data/b1.json",
        ] {
            #expect(surface.contains(TreePath(path)), "\(path)")
        }
        for path in [
            "a.goldenx", "server/check/x.py", "x/server/checks/a.py", "deep/scripts/verify.sh", "data/d1.json", "data/a12.json",
            "evalsx",
        ] {
            #expect(!surface.contains(TreePath(path)), "\(path)")
        }
    }

    @Test func `a pattern that would take others for ever is matched at once`() {
        let surface = TestSurface(additional: [
            String(repeating: "*a", count: 40) + "b", "**/" + String(repeating: "**x", count: 30),
        ])
        #expect(!surface.contains(TreePath(String(repeating: "a", count: 200))))
    }

    @Test func `bytes that are not text are compared as they are`() {
        #expect(!TestSurface().contains(TreePath(bytes: [0xff, 0xfe])))
        #expect(TestSurface().contains(TreePath(bytes: Array("tests/".utf8) + [0xff])))
    }
}
