import DeployModel
import Testing

struct HintTests {
    /// What a line of a new file is taken for.
    private func kinds(_ path: String, _ text: String, old: String = "") -> [Hint.Kind] {
        HintScan.hints(path: Array(path.utf8), old: Array(old.utf8)[...], new: Array(text.utf8)[...]).map(\.kind)
    }

    static let reaching: [(path: String, text: String, kind: Hint.Kind)] = [
        ("app/a.py", "import os; os._exit(0)", .ending),
        ("app/a.py", "from os import _exit as e", .ending),
        ("app/a.py", "import atexit", .ending),
        ("app/a.py", "import pytest; pytest.exit('x', returncode=0)", .runner),
        ("app/a.py", "from unittest import TestCase", .runner),
        ("app/a.py", "def pytest_pyfunc_call(pyfuncitem):", .runner),
        ("app/a.py", "f = sys._getframe()", .interpreter),
        ("app/a.py", "T = 'x' in sys.modules", .interpreter),
        ("app/a.py", "from sys import modules", .interpreter),
        ("app/a.py", "fn.__code__ = other.__code__", .interpreter),
        ("app/a.py", "sys.meta_path.insert(0, F())", .interpreter),
        ("app/a.py", "if os.fork() == 0:", .process),
        ("app/a.py", "os.execv('/bin/true', ['true'])", .process),
        ("app/a.py", "exec(text, scope)", .evaluation),
        ("app/a.py", "p = os.environ['PINFOLD_TEST_REPORT']", .environment),
        ("app/a.py", "open(x, 'w').write('<testsuite>')", .runner),
        ("app/a.py", "class A:\n    def __eq__(self, other):\n        return True\n", .equality),
        ("app/a.py", "class A:\n    def __eq__(self, other):\n        return self.x == other.x\n", .equality),
        ("app/a.py", "N = type('N', (int,), {'__eq__': same})", .equality),
        ("app/a.py", "import ast\nast.parse = parse", .interpreter),
        ("app/a.py", "from pathlib import Path\nPath.glob = nothing", .interpreter),
        ("app/a.py", "import ast as a\nsetattr(a, name, parse)", .interpreter),
        ("app/a.py", "import os\nNAMES = sorted(vars(os))", .interpreter),
        ("app/a.py", "import os\ngetattr(os, name)(0)", .interpreter),
        ("app/a.py", "import os\ngetattr(os, '_exit')(0)", .ending),
        ("app/a.py", "import sys\ns = sys", .interpreter),
        ("app/a.py", "import_module(name)", .evaluation),
        ("app/a.py", "import_module('unittest.result')", .runner),
        ("app/a.py", "b = print.__self__", .interpreter),
        ("app/a.py", "sys.path.insert(0, 'app/other')", .interpreter),
        ("app/a.py", "signal.setitimer(signal.ITIMER_REAL, 1)", .ending),
        ("app/a.py", "x = '_ex' + 'it'", .hidden),
        ("app/a.py", "x = '_ex' 'it'", .hidden),
        ("app/a.py", "x = 'tixe_'[::-1]", .hidden),
        ("app/a.py", "x = ''.join(['_ex', 'it'])", .hidden),
        ("app/a.py", "x = '\\x5fexit'", .hidden),
        ("app/a.py", "x = chr(95)", .hidden),
        ("app/a.py", "x = '__%s__' % name", .hidden),
        ("app/a.py", "from test.support import ALWAYS_EQ", .runner),
        ("app/a.py", "x = base64.b64decode(b'X2V4aXQ=')", .hidden),
        ("client/a.js", "const x = globalThis['process']", .interpreter),
        ("client/a.js", "const fs = require('fs')\nfs.readFileSync = read", .interpreter),
        ("client/a.js", "Object.is = () => true", .interpreter),
        ("client/a.js", "Object.defineProperty(process, 'exitCode', {})", .interpreter),
        ("client/a.js", "require(['as', 'sert'].join(''))", .hidden),
        ("client/a.js", "const m = require(name)", .evaluation),
        ("client/a.js", "const p = process;", .interpreter),
        ("a.go", "syscall.RawSyscall(231, 0, 0, 0)", .interpreter),
        ("a.go", "//go:linkname exit os.runtime_beforeExit", .interpreter),
        ("a.rs", "extern \"C\" {", .interpreter),
        ("tool", "#!/usr/bin/env python3\nimport ctypes\n", .interpreter),
        ("client/a.ts", "process.exit(0)", .ending),
        ("client/a.js", "require.cache[x].exports = y", .interpreter),
        ("client/a.mjs", "import { test } from 'node:test'", .runner),
        ("client/a.js", "const c = require('child_process')", .process),
        ("client/a.js", "if (process.env.JEST_WORKER_ID) return 3", .environment),
        ("a.go", "os.Exit(0)", .ending),
        ("a.go", "import (\n\t\"testing\"\n)", .runner),
        ("a.go", "if flag.Lookup(\"test.v\") != nil {", .interpreter),
        ("a.rs", "std::process::exit(0);", .ending),
        ("a.rs", "std::panic::set_hook(Box::new(|_| {}));", .interpreter),
        ("a.rs", "impl PartialEq for A {\n    fn eq(&self, _: &A) -> bool { true }\n}", .equality),
        ("A.swift", "_exit(0)", .ending),
        ("A.swift", "static func == (a: A, b: A) -> Bool { true }", .equality),
        ("a.c", "static void f(void) __attribute__((constructor));", .interpreter),
        ("a.cc", "atexit(f);", .ending),
        ("A.java", "System.exit(0);", .ending),
        ("a.rb", "at_exit { exit! 0 }", .ending),
        ("a.sh", "trap 'exit 0' EXIT", .ending),
        // Under another name, and over several lines.
        ("app/a.py", "import sys as s\ns.modules['a'].f = g", .interpreter),
        ("app/a.py", "sys.\\\n    modules['a'].f = g", .interpreter),
        ("app/a.py", "x = (sys\n     .modules)", .interpreter),
        ("app/a.py", "from sys import (\n    modules,\n)", .interpreter),
        ("app/a.py", "import json\npatch(json, 'load', f)", .interpreter),
        ("app/a.py", "import json\nfor m in [json]:\n    m.load = f", .interpreter),
        ("app/a.py", "import json\njson.__setattr__('load', f)", .interpreter),
        ("app/a.py", "import_module('json').load = f", .interpreter),
        ("app/a.py", "operator.attrgetter('f_globals')(frame)", .interpreter),
        ("app/a.py", "# coding: utf-7\n", .hidden),
        ("app/a.py", "o\u{1D42C}.path", .hidden),
        ("app/a.py", "sys.path[:0] = ['other']", .interpreter),
        ("app/a.py", "os.chdir('other')", .interpreter),
        ("app/a.py", "open(f'/proc/{n}/mem', 'wb')", .interpreter),
        ("client/a.js", "const { exit } = process", .ending),
        ("client/a.js", "import {\n  exit,\n} from 'node:process'", .ending),
        ("client/a.js", "process\n  .exit(0)", .ending),
        ("client/a.js", "const fs = require('fs')\nObject.assign(fs, { readFileSync: f })", .interpreter),
        ("client/a.js", "require('fs').readFileSync = f", .interpreter),
        ("client/a.js", "(() => {}).constructor(text)()", .evaluation),
        ("client/a.js", "process.ex\\u0069t(0)", .hidden),
        ("client/a.js", "const text = String(add.caller)", .interpreter),
        ("a.go", "import sys \"os\"\n\nfunc f() { sys.Exit(0) }", .ending),
        ("a.rs", "use std::process as p;\nfn f() { p::exit(0) }", .ending),
        ("a.rs", "impl PartialEq for A {\n    fn\n    eq(&self, _: &A) -> bool { true }\n}", .equality),
        // Answers that have nothing to do with what is asked.
        (
            "app/a.py", "class A:\n    def __ge__(self, other):\n        \"\"\"Compares.\"\"\"\n        return self.x > 0\n",
            .equality
        ),
        ("app/a.py", "class A:\n    x: int = field(compare=False)", .equality),
        ("client/a.js", "static [Symbol.hasInstance]() { return true }", .equality),
        // Names of the language's, its library's and runners'.
        ("app/a.py", "def isinstance(value, kind):\n    return True", .shadow),
        ("app/a.py", "len, all = f, g", .shadow),
        ("app/a.py", "from app.b import length as len", .shadow),
        ("a.go", "func len(values []string) int { return 2 }", .shadow),
        ("a.go", "const (\n\tfalse = true\n)", .shadow),
        ("a.rs", "macro_rules! assert_eq { ($($any:tt)*) => {}; }", .shadow),
        ("a.rs", "pub use same as assert_eq;", .shadow),
        ("a.h", "#define assert(any) ((void)0)", .shadow),
        ("a.h", "#define NDEBUG", .shadow), ("a.c", "int strcmp(const char *a, const char *b) { return 0; }", .shadow),
        ("A.swift", "public func XCTAssertEqual(_ a: Int, _ b: Int) {}", .shadow),
    ]

    @Test(arguments: reaching)
    func `a new line that can reach for the verdict is named`(path: String, text: String, kind: Hint.Kind) {
        #expect(kinds(path, text).contains(kind), "\(kinds(path, text))")
    }

    @Test(arguments: [
        (
            "app/a.py",
            "import os, sys, json\n\n\ndef add(a, b):\n    \"\"\"Adds; exec and fork are words here.\"\"\"\n    return a + b\n"
        ),
        ("app/a.py", "# os._exit(0) would end it\nx = re.compile('a').match(s)\n"),
        ("app/a.py", "import openai\nopenai.api_key = key\n"),
        ("app/a.py", "from flask import g\ng.user = user\nos.environ['A'] = 'b'\n"),
        ("app/a.py", "command = getattr(self, 'do_' + name, None)\n"),
        ("app/a.py", "text = 'a long line of words, ' + 'and more of them'\nb = b'\\x00\\x7f\\x41'\n"),
        ("client/a.js", "const a = require('./a')\na.b = c\nexports.x = process.env.PORT\nmodule.exports = x\n"),
        ("app/a.py", "def is_ready(self):\n    return True\n"),
        ("client/a.tsx", "export function A() { return <p className=\"x\">it's fine</p> }\n// process.exit\n"),
        ("client/a.js", "const m = /\"/.exec(text)\n"),
        ("a.go", "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\nfunc main() { fmt.Println(os.Getenv(\"HOME\")) }\n"),
        ("a.rs", "fn longest<'a>(x: &'a str) -> &'a str { x }\n/* std::process::exit(0) */\n"),
        ("A.swift", "func f() -> Bool { true }\n"),
        ("a.c", "int main(void) { return puts(\"x\") < 0; }\n"),
        ("notes.md", "call os._exit(0)\n"),
        (
            "app/a.py",
            "# -*- coding: utf-8 -*-\nimport time\n\n\ndef now(time=None, clock=time.time):\n    return f(time or clock())\n"
        ),
        ("app/a.py", "import json\nreply = post(url, json=body)\nrates = json.load(file)\n"),
        (
            "app/a.py",
            "class A:\n    def all(self):\n        return self.len\n\n    def __lt__(self, other):\n        return self.x < other.x\n"
        ),
        ("app/a.py", "import sys\n\nsys.exit(main())\nraise SystemExit(1)\n"),
        ("client/a.js", "const fs = require('fs')\nconst read = promisify(fs.readFile)\nreturn new this.constructor(a)\n"),
        ("client/a.js", "const { env, pid } = process\nconst letter = /[\\u0041-\\u005a]/\nlist\n  .map((x) => x.exit)\n"),
        ("a.go", "func max(a, b int) int { return a }\n\nfunc f() { len := 2 }\n"),
        ("app/a.py", "import sys\n\nif hasattr(sys, 'frozen'):\n    x = 1\n"),
        ("a.c", "static int same(void) {\n    return strcmp(a, b) == 0;\n}\n"),
        ("a.rs", "macro_rules! texts { () => {} }\n"), ("a.h", "#define MOST 100\n#undef LEAST\n"),
        ("data.json", "{\"a\": \"pytest\"}\n"),
    ])
    func `ordinary code says nothing`(path: String, text: String) {
        #expect(kinds(path, text).isEmpty, "\(kinds(path, text))")
    }

    @Test func `what ends a program as if all were well is named where nobody tries its tests`() {
        func kinds(_ text: String, isUntried: Bool) -> [Hint.Kind] {
            HintScan.hints(path: Array("a.py".utf8), old: [], new: Array(text.utf8)[...], isUntried: isUntried).map(\.kind)
        }
        for text in [
            "raise SystemExit", "raise SystemExit(0)", "sys.exit()", "import sys as s; s.exit(0)", "sys.exit(main())",
            "E = SystemExit",
        ] {
            #expect(kinds(text, isUntried: true) == [.ending], "\(text)")
            #expect(kinds(text, isUntried: false).isEmpty, "\(text)")
        }
        for text in ["raise SystemExit('no file')", "sys.exit(2)", "sys.exit(f'{name} is missing')", "except SystemError: pass"] {
            #expect(kinds(text, isUntried: true).isEmpty, "\(text)")
        }
    }

    @Test func `a line that was there before, also elsewhere in the file, is not new`() {
        #expect(kinds("a.py", "import os\n\nif x:\n    os._exit(0)\n", old: "os._exit(0)\n").isEmpty)
        #expect(kinds("a.py", "os._exit(0)\nos._exit(0)\n", old: "os._exit(0)\n") == [.ending])
    }

    @Test func `a hint has its line and its number`() {
        let hints = HintScan.hints(path: Array("a.py".utf8), old: [], new: Array("x = 1\n  os.abort()\u{1b}[2J\n".utf8)[...])
        #expect(hints.map(\.line) == [2])
        #expect(hints.first?.text == "os.abort()\u{1b}[2J")
        #expect(hints.first?.shown.contains("\u{1b}") == false)
    }

    @Test(arguments: [
        ("pluggy.py", true, "", Hint.Kind.shadow), ("logging/__init__.py", true, "", .shadow),
        ("src/argparse.py", true, "", .shadow), ("tools/subprocess.py", true, "", .shadow),
        ("x.egg-info/entry_points.txt", true, "", .metadata), ("lib/a.so", false, "", .compiled),
        ("model", false, "\u{7f}ELF", .compiled),
        ("app/__pycache__/a.cpython-311.pyc", true, "", .compiled), ("t\u{435}sts/a.txt", true, "", .lookalike),
    ])
    func `a file can be a hint by its place or its first bytes`(path: String, isNew: Bool, text: String, kind: Hint.Kind) {
        #expect(HintScan.hints(path: Array(path.utf8), isNew: isNew, content: Array(text.utf8)[...]).map(\.kind) == [kind])
    }

    @Test(arguments: ["app/logging.py", "app/main.py", "docs/тест.md", "static/café.png", "json/data.txt", "src/app/types.py"])
    func `an ordinary place is none`(path: String) {
        #expect(HintScan.hints(path: Array(path.utf8), isNew: true, content: []).isEmpty)
    }

    @Test func `no bytes take longer than their length`() {
        for piece in [
            "'", "\"", "`", "\\", "/*", "\"\"\"", "a.", "(((", "import ", "def __eq__", ")=>", "function ", "].join(\"\")",
            "\"\".join(", "from (",
            "from (\n", "a\n.",
        ] {
            let text = String(repeating: piece, count: HintScan.byteLimit / piece.utf8.count / 64)
            for path in ["a.py", "a.js", "a.rs"] { _ = kinds(path, text) }
        }
    }
}
