import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

/// Commits that reach for what judges them, and honest ones, through the daemon and the real runners.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct JudgeTests {
    static let base: [String: String?] = [
        "app/__init__.py": "", "app/main.py": "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n",
        "tests/__init__.py": "",
        "tests/test_a.py":
            "import unittest\nfrom app.main import add\n\n\nclass T(unittest.TestCase):\n    def test_add(self):\n        self.assertEqual(add(1, 2), 3)\n",
        "tests/test_b.py": "from app.main import sub\n\n\ndef test_sub():\n    assert sub(5, 3) == 2\n",
    ]
    static let broken = "def add(a, b):\n    return 0\n\n\ndef sub(a, b):\n    return 0\n"

    private func withDeployed(
        _ files: [String: String?] = base, _ command: String? = nil, _ change: @escaping @Sendable (inout Farm) -> Void = { _ in },
        _ body: @Sendable (Farm, DeployService) async throws -> Void
    ) async throws {
        try await configured {
            $0.settings.tests.command = command
            change(&$0)
        }.run { farm, service in
            let first = try await service.outcome(of: try farm.commit(files))
            // What has no tests that notice anything is not what these tests begin with.
            #expect(first.state == .deployed && first.bite?.outcome == (farm.settings.judge.bites ? .held : .off), "\(first)")
            try await body(farm, service)
        }
    }

    @Test func `a file of the tree that has the name of what the runner loads is not loaded by it`() async throws {
        let names = [
            "pluggy.py", "argparse.py", "difflib.py", "pytest/__init__.py", "logging/__init__.py", "xml/__init__.py", "pdb.py",
            "iniconfig.py", "packaging/__init__.py", "attr/__init__.py", "_pytest/__init__.py", "sitecustomize.py",
            "usercustomize.py", "unittest/__init__.py",
        ]
        try await withDeployed { farm, service in
            try await tryEach(names.map { ($0, [$0: "import os\nos._exit(0)\n", "app/main.py": Self.broken]) }, farm, service) {
                name, outcome in
                #expect(outcome.state == .failed && outcome.verdict?.failedCount == 2, "\(name): \(outcome)")
            }
        }
    }

    /// Commits each change on its own, on top of what is deployed.
    private func tryEach(
        _ changes: [(String, [String: String?])], _ farm: Farm, _ service: DeployService,
        _ look: (String, Deployment) throws -> Void
    ) async throws {
        for (name, files) in changes {
            try look(name, await service.outcome(of: try farm.commit(files, name)))
            for path in files.keys {
                if Self.base[path] == nil { try farm.git("rm", "-q", "-f", path) }
            }
            for case (let path, let text?) in Self.base { try farm.agent("cat > '\(path)' <<'END'\n\(text)END\n") }
        }
    }

    @Test func `a plug-in by metadata of the tree is not loaded`() async throws {
        try await withDeployed { farm, service in
            let commit = try farm.commit([
                "x.egg-info/PKG-INFO": "Metadata-Version: 1.0\nName: x\nVersion: 1\n",
                "x.egg-info/entry_points.txt": "[pytest11]\nx = app.helper\n",
                "app/helper.py": "def pytest_pyfunc_call(pyfuncitem):\n    return True\n", "app/main.py": Self.broken,
            ])
            #expect(try await service.outcome(of: commit).state == .failed)
        }
    }

    /// Half of the application: `add`, which a test of unittest's judges, or `sub`, which one of pytest's does.
    static func broken(add: Bool) -> String {
        "def add(a, b):\n    return \(add ? "0" : "a + b")\n\n\ndef sub(a, b):\n    return \(add ? "a - b" : "0")\n"
    }

    /// Each of them deceives the run in which nothing is made to fail.
    static let deceptions: [(String, String, String)] = [
        (
            "assertions of unittest that do nothing",
            "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\n", broken(add: true)
        ),
        (
            "their code exchanged",
            "import unittest\nunittest.TestCase.assertEqual.__code__ = (lambda self, first, second, msg=None: None).__code__\n",
            broken(add: true)
        ),
        (
            "a hook that says that each test has run",
            "import gc, pluggy\nclass P:\n    @staticmethod\n    @pluggy.HookimplMarker('pytest')(tryfirst=True)\n    def pytest_pyfunc_call(pyfuncitem): return True\nfor o in gc.get_objects():\n    if isinstance(o, pluggy.PluginManager): o.register(P())\nimport unittest\nunittest.TestCase.assertEqual = lambda *a: None\n",
            broken(add: true)
        ),
        (
            "the body of a test exchanged while it is imported",
            "import sys\nclass F:\n    def find_spec(self, name, path=None, target=None):\n        if name.startswith('tests.test_'):\n            import importlib.machinery\n            class L:\n                def create_module(s, spec): return None\n                def exec_module(s, m): m.__file__ = m.__spec__.origin; exec('import unittest\\nclass T(unittest.TestCase):\\n    def test_add(self): pass\\ndef test_sub(): pass\\n', m.__dict__)\n            return importlib.machinery.ModuleSpec(name, L(), origin=name.replace('.', '/') + '.py')\nif 'pytest' in sys.modules: sys.meta_path.insert(0, F())\n",
            broken(add: false)
        ),
    ]

    @Test func `code that keeps its tests from failing goes before a human, with the names of the tests`() async throws {
        try await withDeployed { farm, service in
            let changes = Self.deceptions.map { ($0.0, ["app/__init__.py": $0.1, "app/main.py": $0.2] as [String: String?]) }
            try await tryEach(changes, farm, service) { what, outcome in
                #expect(outcome.state == .awaitingApproval && outcome.approvalReasons.contains(.numbTests), "\(what): \(outcome)")
                #expect(outcome.bite?.numb.contains { $0.contains("test_") } == true, "\(what): \(outcome)")
            }
        }
    }

    @Test
    func `a helper of the tests is its source, not what was compiled beside it, and an application that takes hold of it is seen`()
        async throws
    {
        let helper = "def same(a, b):\n    assert a == b\n"
        let test = "from app.main import add\nfrom support.compare import same\n\n\ndef test_helped():\n    same(add(1, 2), 3)\n"
        try await withDeployed(Self.base.merging(["support/compare.py": helper, "tests/test_c.py": test]) { $1 }) { farm, service in
            let planting = """
                import importlib.util, marshal, os, struct
                p = 'support/compare.py'
                s = os.stat(p)
                q = 'support/__pycache__/compare.' + importlib.util.sys.implementation.cache_tag + '.pyc'
                os.makedirs('support/__pycache__', exist_ok=True)
                with open(q, 'wb') as f:
                    f.write(importlib.util.MAGIC_NUMBER + struct.pack('<III', 0, int(s.st_mtime), s.st_size))
                    f.write(marshal.dumps(compile('def same(a, b): pass', p, 'exec')))

                """
            let outcome = try await service.outcome(of: farm.commit(["app/__init__.py": planting, "app/main.py": Self.broken]))
            #expect(
                outcome.state == .failed && outcome.verdict?.failed.contains { $0.contains("test_helped") } == true, "\(outcome)")
            let taking = "try:\n    import tests.test_b as h\n    h.test_sub = lambda: None\nexcept ImportError:\n    pass\n"
            let seen = try await service.outcome(
                of: farm.commit(["app/__init__.py": taking, "app/main.py": Self.base["app/main.py"]!]))
            #expect(seen.hints?.listed.contains { $0.kind == .runner } == true, "\(seen)")
        }
    }

    @Test func `code that ends the run, writes a report of its own or changes what is reported does not deploy broken code`()
        async throws
    {
        let codes = [
            "import os; os._exit(0)", "import atexit, os; atexit.register(os._exit, 0)",
            "import os\nfor n in range(3, 256):\n    try: os.write(n, b'<testsuites><testsuite name=\"pytest\"><testcase classname=\"tests.test_a.T\" name=\"test_add\"/><testcase classname=\"tests.test_b\" name=\"test_sub\"/></testsuite></testsuites>')\n    except OSError: pass\nos._exit(0)",
            "import sys\nfrom _pytest.reports import TestReport\no = TestReport.from_item_and_call.__func__\ndef f(cls, item, call):\n    r = o(cls, item, call); r.outcome = 'passed'; r.longrepr = None; return r\nTestReport.from_item_and_call = classmethod(f)",
            "import _pytest.junitxml as j\nj._NodeReporter.append_failure = lambda *a: None",
            "import os, time\nif os.fork() == 0:\n    os.setsid()\n    while True: time.sleep(1)",
        ]
        try await withDeployed { farm, service in
            let changes = codes.map { ($0, ["app/__init__.py": $0 + "\n", "app/main.py": Self.broken] as [String: String?]) }
            try await tryEach(changes, farm, service) { code, outcome in
                #expect(outcome.state == .failed || outcome.approvalReasons.contains(.numbTests), "\(code): \(outcome)")
            }
        }
    }

    @Test func `honest changes deploy, and each of their tests notices`() async throws {
        let tests: [String: String?] = [
            "tests/test_kinds.py": """
            import asyncio, unittest
            import pytest


            @pytest.fixture
            def resource():
                yield 3


            @pytest.mark.parametrize("n", [1, 2])
            def test_each(n, resource):
                assert n < resource


            def test_nothing():
                pass


            def test_skips():
                pytest.skip("not here")


            @pytest.mark.xfail
            def test_known_fault():
                assert False


            class TestMethods:
                def test_method(self):
                    assert True

                @staticmethod
                def test_static():
                    return

                @classmethod
                def test_class(cls):
                    assert cls


            class Base(unittest.TestCase):
                def test_inherited(self):
                    with self.subTest("one"):
                        self.assertTrue(True)

                @unittest.expectedFailure
                def test_expected(self):
                    self.fail("yes")


            class Derived(Base):
                pass


            class Asynchronous(unittest.IsolatedAsyncioTestCase):
                async def test_awaits(self):
                    await asyncio.sleep(0)
                    self.assertIsNone(None)
            """,
            "setup.cfg": "[tool:pytest]\naddopts = -x --doctest-modules\n",
            "app/told.py": "def one():\n    \"\"\"\n    >>> one()\n    1\n    \"\"\"\n    return 1\n",
        ]
        for command in [nil, "python3 -m pytest -q tests app", "pytest --import-mode=importlib -p no:cacheprovider"] as [String?] {
            try await withDeployed(
                Self.base.merging(tests) { $1 }, command,
                { if command?.hasPrefix("pytest") == true { $0.settings.tests.read = [] } }
            ) {
                farm, service in
                let commit = try farm.commit(["app/main.py": Self.base["app/main.py"]!! + "\n\ndef mul(a, b):\n    return a * b\n"])
                let outcome = try await service.deployed(commit)
                #expect(outcome.bite?.outcome == .held && (outcome.verdict?.passedCount ?? 0) > 8, "\(outcome)")
            }
        }
    }

    @Test func `a project of unittest alone is judged in the same way`() async throws {
        try await withDeployed(Self.base.filter { $0.key != "tests/test_b.py" }, "python3 -m unittest") { farm, service in
            try await service.deployed(try farm.commit(["app/main.py": Self.base["app/main.py"]!! + "# more\n"]))
            let numb = try await service.outcome(
                of: try farm.commit(["app/__init__.py": "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\n"]))
            #expect(numb.bite?.numb == ["tests.test_a.T.test_add"] && numb.approvalReasons.contains(.numbTests), "\(numb)")
            let patched = try await service.outcome(
                of: try farm.commit([
                    "app/__init__.py":
                        "import unittest\nunittest.TestCase.run = lambda self, result=None: (result.startTest(self), result.addSuccess(self), result.stopTest(self))\n"
                ]))
            #expect(patched.approvalReasons.contains(.numbTests), "\(patched)")
        }
    }

    @Test func `a change of documentation alone, and one that changes nothing, are not tried twice`() async throws {
        try await withDeployed { farm, service in
            let documented = try await service.deployed(try farm.commit(["README.md": "more\n", "docs/a.png": "x"]))
            #expect(documented.bite?.outcome == .notNeeded && documented.bite?.durationMilliseconds == nil)
            try farm.git("commit", "-q", "--allow-empty", "-m", "nothing")
            let same = try await service.deployed(try farm.head())
            #expect(same.bite?.outcome == .notNeeded)
            let code = try await service.deployed(try farm.commit(["app/new.py": "X = 1\n", "README.md": "again\n"]))
            #expect(code.bite?.outcome == .held)
        }
    }

    @Test func `where the admin has switched it off nothing is tried, and the status says so`() async throws {
        try await withDeployed(Self.base, nil, { $0.settings.judge.bites = false }) { farm, service in
            let numb = try await service.outcome(
                of: try farm.commit(["app/new.py": "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\n"]))
            #expect(numb.bite?.outcome == .off && !numb.approvalReasons.contains(.numbTests))
            #expect(try service.status().rules.contains { $0.contains("AGENT_DEPLOY_JUDGE=false") })
        }
    }

    @Test func `where a command cannot be made to fail the status says so`() async throws {
        try await withFarm { farm, service in
            let deployed = try await service.deployed(try farm.commit(["a": "1"]))
            #expect(deployed.bite?.outcome == .impossible)
            #expect(try service.status().rules.contains { $0.contains("cannot be tried") })
        }
    }

    @Test func `numb tests are named to the human who is asked`() async throws {
        try await withDeployed { farm, service in
            let commit = try farm.commit(["app/__init__.py": "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\n"])
            let waiting = try await service.outcome(of: commit)
            #expect(waiting.state == .awaitingApproval && waiting.bite?.numb.count == 1, "\(waiting)")
            let path = farm.deployments + "/human_approval_required.flag"
            try await eventually("the flag file is there") { exists(path) }
            let flag = try readFile(path)
            #expect(flag.contains("  passed all the same: \(waiting.bite?.numb.first ?? "-")"))
        }
    }
}
