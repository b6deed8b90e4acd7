import DeployModel
import Testing

struct SurfaceFinderTests {
    /// A deployed version: texts by path; a text that begins with `-> ` is a link's.
    private func facts(_ files: [String: String], passed: Set<String> = [], command: String? = nil) throws -> TestSurface {
        var finder = SurfaceFinder(
            files: files.map { path, text in
                .init(path: Array(path.utf8), isLink: text.hasPrefix("-> "), isExecutable: text.hasPrefix("#!"))
            }, surface: .builtIn
        ) { path in
            let text = files[String(decoding: path, as: UTF8.self)] ?? ""
            return Array((text.hasPrefix("-> ") ? String(text.dropFirst(3)) : text).utf8)
        }
        return TestSurface.builtIn.with(try finder.find(passed: passed, command: command))
    }

    private func reason(_ surface: TestSurface, _ path: String) -> String? { surface.reason(for: Array(path.utf8))?.sentence }

    @Test func `a file that holds a test of the report judges, whatever its name`() throws {
        let files = [
            "checks/verify_add.py": "", "addition.py": "", "app/main.py": "", "src/main/java/com/a/Checks.java": "",
            "src/sums.check.js": "", "src/sums.js": "", "checks/words.cc": "", "checks/verify_sub.py": "", "adds.py": "",
            "go.py": "", "checks/verify_mul.py": "", "sums.py": "", "words.py": "",
        ]
        let surface = try facts(
            files,
            passed: [
                "checks.verify_add::test_add", "addition.T::test", "com.a.Checks::ok", "app::main",
                "src/sums.check.js::sums::adds ×2", "../checks/words.cc::Words::Adds",
                "checks.verify_sub.T.test_sub", "adds", "go.run",
                "nightly::checks.verify_mul.T::test_mul", "checks.verify_add::sums::test_more", "nightly::words.py of all::test",
            ])
        for path in [
            "checks/verify_add.py", "addition.py", "src/main/java/com/a/Checks.java", "src/sums.check.js", "checks/words.cc",
            "checks/verify_sub.py", "checks/verify_mul.py",
        ] {
            #expect(reason(surface, path)?.contains("holds a test") == true, "\(path)")
        }
        for path in ["app/main.py", "src/sums.js", "adds.py", "go.py", "sums.py", "words.py"] {
            #expect(reason(surface, path) == nil, "\(path)")
        }
    }

    @Test func `what the test command runs judges, and what it only looks at does not`() throws {
        let surface = try facts(
            ["bin/verify": "", "run": "#!/bin/sh\n", "ask.py": "", "app/a.py": "", "in.xml": ""],
            command: "cd app && A=1 sh -e ./bin/verify --all >/dev/null; ./run || python3 -u ask.py app/a.py; test -e in.xml")
        for path in ["bin/verify", "run", "ask.py"] { #expect(reason(surface, path) == "the test command runs it", "\(path)") }
        for path in ["app/a.py", "in.xml"] { #expect(reason(surface, path) == nil, "\(path)") }
    }

    @Test func `data and scripts that the tests name judge, from the top, beside them and put together`() throws {
        let surface = try facts([
            "tests/test_a.py": """
            import json, os
            HERE = os.path.dirname(__file__)
            want = json.load(open("samples/sums.json"))
            more = open(os.path.join(HERE, "..", "samples2", "b.txt"))
            subprocess.run(["sh", "ops/run.sh"])
            files = os.listdir("./cases")
            assert add("README.md") and "app/main.py"
            """,
            "samples/sums.json": "", "samples2/b.txt": "", "ops/run.sh": "", "cases/one": "", "app/main.py": "",
            "app/data.json": "",
        ])
        for path in ["samples/sums.json", "samples2/b.txt", "ops/run.sh", "cases/new-one"] {
            #expect(reason(surface, path) == "tests/test_a.py uses it", "\(path)")
        }
        for path in ["app/main.py", "app/data.json"] { #expect(reason(surface, path) == nil, "\(path)") }
    }

    @Test func `what is made for tests judges where they import it, and the application does not`() throws {
        let surface = try facts([
            "tests/test_a.py":
                "from compare import same\nfrom app.main import add\nfrom app import helpers\nimport app.fakes\nfrom . import near\n",
            "tests/near.py": "", "compare.py": "def same(a, b):\n    assert a == b\n", "app/__init__.py": "",
            "app/main.py": "from app import helpers\n\ndef add(a, b):\n    assert a\n    return a + b\n",
            "app/run.py": "import app.main\n",
            "app/helpers.py": "x = 1\n", "app/fakes.py": "",
            "client/a.test.js": "import { h } from './setup-dom'\nconst a = require('./app')\n",
            "client/setup-dom.js": "expect(1)\n", "client/app.js": "",
        ])
        for path in ["compare.py", "app/fakes.py", "client/setup-dom.js"] {
            #expect(reason(surface, path)?.contains("made for tests") == true, "\(path)")
        }
        for path in ["app/main.py", "app/helpers.py", "app/__init__.py", "client/app.js"] {
            #expect(reason(surface, path) == nil, "\(path)")
        }
    }

    @Test func `what would be found in place of a helper judges`() throws {
        let surface = try facts([
            "tests/test_a.py": "from compare import same\n", "compare.py": "def same(a, b):\n    assert a == b\n",
            "src/words.py": "",
        ])
        for path in ["compare.py", "src/compare.py", "compare/__init__.py", "src/compare/__init__.py"] {
            #expect(reason(surface, path)?.contains("made for tests") == true, "\(path)")
        }
        #expect(reason(surface, "src/words.py") == nil)
    }

    @Test func `data that tests name judges where the program alone says its directory`() throws {
        let surface = try facts([
            "tests/test_a.py": "want = json.load(open(DATA / \"sums.json\"))\nassert \"main.py\" and \"notes.md\"\n",
            "app/material/sums.json": "", "app/material/colours.json": "", "app/main.py": "", "app/notes.md": "",
        ])
        #expect(reason(surface, "app/material/sums.json") == "tests/test_a.py uses it")
        for path in ["app/material/colours.json", "app/main.py", "app/notes.md"] {
            #expect(reason(surface, path) == nil, "\(path)")
        }
    }

    @Test func `packages, targets, headers and modules that are made for tests judge`() throws {
        let surface = try facts([
            "go.mod": "module example.com/sums\n",
            "sums_test.go": "import (\n\t\"example.com/sums/check\"\n\t\"example.com/sums/text\"\n)\n",
            "check/check.go": "import \"testing\"\n", "text/text.go": "", "text/text_test.go": "import \"testing\"\n",
            "Tests/ATests/A.swift": "import A\nimport Comparing\n@testable import AFixtures\n",
            "Sources/A/A.swift": "precondition(a)\n",
            "Sources/Comparing/C.swift": "import XCTest\n", "Sources/AFixtures/F.swift": "",
            "src/lib.rs": "mod text;\n#[cfg(test)]\nmod checking;\n#[cfg(test)]\nmod tests { fn a() { read(\"cases.txt\") } }\n",
            "src/checking.rs": "", "src/text.rs": "", "cases.txt": "", "words.txt": "",
            "tests/a.c": "#include \"compare.h\"\n#include \"a.h\"\n", "compare.h": "#define SAME(a) assert(a)\n",
            "a.h": "int f(void);\n",
        ])
        for path in [
            "check/check.go", "check/new.go", "Sources/Comparing/C.swift", "Sources/AFixtures/F.swift", "src/checking.rs",
            "src/checking/a.rs",
            "cases.txt", "compare.h",
        ] { #expect(reason(surface, path) != nil, "\(path)") }
        for path in ["text/text.go", "Sources/A/A.swift", "src/lib.rs", "src/text.rs", "words.txt", "a.h"] {
            #expect(reason(surface, path) == nil, "\(path)")
        }
    }

    @Test func `what a test script starts judges, without its ending, as a module and by another script`() throws {
        let surface = try facts([
            "package.json":
                "{\"scripts\": {\"test\": \"node tools/one && npm run more\", \"more\": \"node tools/two\", \"start\": \"node app\"}}",
            "tools/one.js": "", "tools/two/index.js": "", "app/index.js": "",
            "Makefile": "include settings/rules.inc\ncheck:\n\tpython3 -m tools.verify\n\tpython3 -m shop\nall: app sums\n",
            "settings/rules.inc": "",
            "settings/more.inc": "", "tools/verify.py": "", "shop/__init__.py": "",
        ])
        // A file that is called like what is to be made would be taken for it.
        for path in ["tools/one.js", "tools/two/index.js", "settings/rules.inc", "tools/verify.py", "check", "all"] {
            #expect(reason(surface, path) != nil, "\(path)")
        }
        for path in ["app/index.js", "settings/more.inc", "shop/__init__.py"] { #expect(reason(surface, path) == nil, "\(path)") }
        let command = try facts(["tools/a.py": "", "tools/b.mjs": ""], command: "python3 -m tools.a && node tools/b")
        for path in ["tools/a.py", "tools/b.mjs"] { #expect(reason(command, path) == "the test command runs it", "\(path)") }
    }

    @Test func `plug-ins that a conftest names judge`() throws {
        let surface = try facts([
            "conftest.py": "pytest_plugins = [\n    \"app.plug\",\n]\n", "app/plug.py": "", "app/main.py": "x = \"app.plug\"\n",
        ])
        #expect(reason(surface, "app/plug.py") == "conftest.py uses it")
        #expect(reason(surface, "app/main.py") == nil)
    }

    @Test func `where a link in the tests leads judges`() throws {
        let surface = try facts([
            "tests/data": "-> ../shared/data", "shared/data/a": "", "tests/out": "-> ../../etc", "other/a": "",
        ])
        #expect(reason(surface, "shared/data/a") == "the link tests/data leads to it")
        #expect(reason(surface, "other/a") == nil)
    }

    private func differ(_ path: String, _ old: String, _ new: String, _ surface: TestSurface = .builtIn) -> Bool {
        surface.changesInlineTests(Array(path.utf8), old: Array(old.utf8)[...], new: Array(new.utf8)[...])
    }

    @Test func `tests inside a Rust file judge, and what stands around them does not`() {
        let code = "pub fn add(a: i32) -> i32 { a + 1 }\n"
        let tests = "#[cfg(test)]\nmod tests {\n    #[test]\n    fn t() { assert_eq!(super::add(1), 2); }\n}\n"
        #expect(!differ("src/lib.rs", code + tests, "// better\npub fn add(a: i32) -> i32 { 1 + a }\n" + tests))
        #expect(differ("src/lib.rs", code + tests, code + tests.replacing("assert_eq!(super::add(1), 2)", with: "")))
        #expect(differ("src/lib.rs", code + tests, code))
        #expect(differ("src/lib.rs", "/// ```\n/// assert!(f());\n/// ```\nfn f() {}", "/// ```\n/// ```\nfn f() {}"))
        #expect(!differ("src/lib.rs", "/// Words.\nfn f() {}", "/// Other words.\nfn f() {}"))
        #expect(differ("a.rs", "#[tokio::test]\nasync fn t() { assert!(false) }", "#[tokio::test]\nasync fn t() { }"))
    }

    @Test func `examples in Python's texts judge where a runner tries them`() throws {
        let (old, new) = ("\"\"\"\n>>> add(1, 2)\n3\n\"\"\"\n", "\"\"\"\n>>> add(1, 2)\n0\n\"\"\"\n")
        #expect(!differ("app/main.py", old, new))
        let surface = try facts(["setup.cfg": "[tool:pytest]\naddopts = --doctest-modules\n", "app/main.py": old])
        #expect(differ("app/main.py", old, new, surface))
        #expect(!differ("app/main.py", old, old + "x = 2\n", surface))
    }
}
