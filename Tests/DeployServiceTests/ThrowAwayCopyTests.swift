import CLinux
import DeployModel
import DeployService
import DeploySteps
import DurableFiles
import LinuxSystem
import TestSupport
import Testing

/// The copy that tests run in: what judges the agent in it is root's, the rest is the agent's, and it lies where the server will run it from.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ThrowAwayCopyTests {
    private static let files = [
        "conftest.py": "top", "app.py": "app", "tests/test_a.py": "a", "tests/data/x": "x", "pkg/tests/t.py": "t",
        "pkg/code.py": "code",
        "pkg/sub/more.py": "more", "lib/one.py": "1", "lib/two.py": "2",
    ]

    /// Prints a line for each thing that it could do and should not have, or could not do and should have.
    private static let attempts = """
        import ctypes, os, shutil
        libc = ctypes.CDLL(None, use_errno=True)
        def check(call):
            if call == -1: raise OSError(ctypes.get_errno(), "call")
        def exchange(a, b): check(libc.renameat2(-100, a.encode(), -100, b.encode(), 2))
        def refused(what, call):
            try: call()
            except OSError: return
            print("CHANGED", what)
        def allowed(what, call):
            try: call()
            except OSError as error: print("REFUSED", what, error)
        def put(path, mode="w"):
            with open(path, mode) as f: f.write("changed")
        def again(path, flags):
            with open(path) as f: os.close(os.open(f"/proc/self/fd/{f.fileno()}", flags))
        def cut(path):
            with open(path) as f: os.truncate(f"/proc/self/fd/{f.fileno()}", 0)
        put("mine"); os.mkdir("mine.d")
        for path in ["conftest.py", "tests/test_a.py", "tests/data/x", "pkg/tests/t.py", "tests/run.sh"]:
            allowed("read " + path, lambda: open(path).read())
            refused("write " + path, lambda: put(path))
            refused("append " + path, lambda: put(path, "a"))
            refused("open again " + path, lambda: again(path, os.O_WRONLY))
            refused("open again to truncate " + path, lambda: again(path, os.O_RDWR | os.O_TRUNC))
            refused("truncate " + path, lambda: os.truncate(path, 0))
            refused("truncate an open " + path, lambda: cut(path))
            refused("chmod " + path, lambda: os.chmod(path, 0o777))
            refused("chown " + path, lambda: os.chown(path, os.getuid(), -1))
            refused("times of " + path, lambda: os.utime(path, (0, 0)))
            refused("attribute of " + path, lambda: os.setxattr(path, "user.a", b"b"))
        for path in ["conftest.py", "tests/test_a.py", "tests/data/x", "pkg/tests/t.py", "tests/run.sh", "tests/link", "tests", "tests/data", "pkg/tests", "pkg"]:
            refused("rename " + path, lambda: os.rename(path, "other"))
            refused("unlink " + path, lambda: os.unlink(path))
            refused("replace " + path, lambda: os.rename("mine", path))
            refused("replace by a directory " + path, lambda: os.rename("mine.d", path))
            refused("exchange " + path, lambda: exchange("mine", path))
            refused("exchange with a directory " + path, lambda: exchange("mine.d", path))
            refused("mount over " + path, lambda: check(libc.mount(b"mine", path.encode(), None, 4096, None)))
        for path in [".", "tests", "pkg", "pkg/tests", "tests/data"]:
            refused("chmod " + path, lambda: os.chmod(path, 0o777))
            refused("rmdir " + path, lambda: os.rmdir(path))
            allowed("make beside in " + path, lambda: put(path + "/new"))
            allowed("change beside in " + path, lambda: os.rename(path + "/new", path + "/newer"))
            allowed("remove beside in " + path, lambda: os.unlink(path + "/newer"))
            allowed("make a directory in " + path, lambda: os.makedirs(path + "/__pycache__/deep"))
            allowed("remove a directory in " + path, lambda: shutil.rmtree(path + "/__pycache__"))
        allowed("run", lambda: check(-1 if os.system("tests/run.sh") else 0))
        for path in ["app.py", "pkg/code.py", "pkg/sub/more.py", "lib/one.py"]:
            allowed("write " + path, lambda: put(path))
            allowed("chmod " + path, lambda: os.chmod(path, 0o600))
            allowed("rename " + path, lambda: os.rename(path, path + ".old"))
            allowed("replace " + path, lambda: put(path))
            allowed("unlink " + path, lambda: os.unlink(path + ".old"))
        allowed("rename lib", lambda: os.rename("lib", "moved"))
        allowed("rename pkg/sub", lambda: os.rename("pkg/sub", "moved/sub"))
        allowed("remove moved", lambda: shutil.rmtree("moved"))
        if os.readlink("tests/link") != "data/x": print("CHANGED tests/link")
        for path, text in {"conftest.py": "top", "tests/data/x": "x", "pkg/tests/t.py": "t"}.items():
            if open(path).read() != text: print("CHANGED the text of", path)
        print("end", open("tests/test_a.py").read())

        """

    private static func prepare(_ farm: Farm) throws -> CommitID {
        try farm.commit(files.mapValues { $0 }, "files")
        try farm.agent(
            "ln -s data/x tests/link; printf '#!/bin/sh\\nexit 0\\n' > tests/run.sh; chmod 755 tests/run.sh; git add -A; git commit -qm links"
        )
        return try farm.head()
    }

    @Test func `tests change everything but what judges, and the export below stays as it was`() async throws {
        try await configured { farm in
            try writeFile(farm.root + "/attempts.py", Self.attempts)
            farm.settings.tests.read = [farm.root + "/attempts.py"]
            farm.settings.tests.command = "python3 -I \(farm.root)/attempts.py"
        }.run { farm, service in
            let first = try await service.deployed(Self.prepare(farm))
            let log = try readFile(farm.deployments + "/logs/\(first.id).log")
            #expect(log.contains("\nend a\n") && !log.contains("CHANGED") && !log.contains("REFUSED"), "\(log)")
            for (path, text) in Self.files { #expect(try farm.deployed(path) == text) }

            // Once more with the deployed surface in the place of the changed one.
            let second = try await service.outcome(of: farm.commit(["tests/test_a.py": "b", "tests/test_b.py": "b"]))
            let log2 = try readFile(farm.deployments + "/logs/\(second.id).log")
            #expect(second.verdictWithDeployedSurface?.passed == true)
            #expect(log2.contains("\nend b\n") && log2.contains("\nend a\n"), "\(log2)")
            #expect(!log2.contains("CHANGED") && !log2.contains("REFUSED"), "\(log2)")
        }
    }

    @Test func `it is the same where files are copied, whatever their modes`() throws {
        try withTemporaryDirectory { root in
            let user: UInt32 = 61_019
            for (path, text) in Self.files {
                try makeDirectories((root + "/tree/" + path).split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 })
                try writeFile(root + "/tree/" + path, text)
            }
            try shell(
                """
                cd \(root); chmod 755 . ; mkdir place; cd tree; ln -s data/x tests/link
                printf '#!/bin/sh\\nexit 0\\n' > tests/run.sh; chmod 700 tests/run.sh; chmod 666 tests/test_a.py; chmod 600 conftest.py
                """
            ).requireSuccess()
            let kept = [
                "conftest.py", "tests/test_a.py", "tests/data/x", "pkg/tests/t.py", "tests/link", "tests/run.sh", "tests/gone",
            ]
            for mounting in [false, true] {
                // A link could not change the modes: there, too, it is copied.
                let copy = try ThrowAwayCopy(
                    of: root + "/tree", at: root + "/place/copy", owner: (user, user), keeping: kept.map { Array($0.utf8) },
                    mounting: mounting)
                try shell("chmod 755 \(root)/place/copy").requireSuccess()
                let attempts = try run(
                    "/usr/bin/python3", ["-I", "-c", Self.attempts], workingDirectory: copy.path, user: (user, user)
                ).requireSuccess()
                #expect(attempts == "end a\n")
                try copy.discard(into: root)
            }
            #expect(try readFile(root + "/tree/tests/test_a.py") == "a")
            #expect(try #require(status(root + "/tree/tests/test_a.py")).st_mode & 0o7777 == 0o666)
        }
    }

    /// Where a server is that was started in the target, and what it sees around itself, as the reload command does that starts it.
    private static let look = "cd \"$TARGET\"; pwd -P; readlink \"$TARGET\"; ls -A"

    @Test(arguments: [
        "agent-data/deployments/current", "srv/app/current", "a place/of the app", "link/app", "server", "link/server",
        "agent-data/server",
    ])
    func `tests and builds run where the server will, and see nothing else of the deployments`(target: String) async throws {
        try await configured { farm in
            farm.settings.versions.target = farm.root + "/" + target
            try makeDirectories(farm.root + "/real")
            try run("ln", ["-s", "real", farm.root + "/link"]).requireSuccess()
            if target.hasSuffix("server") { try makeDirectories(farm.settings.versions.target) }
            let look = Self.look.replacing("$TARGET", with: farm.settings.versions.target)
            farm.settings.tests.command =
                "pwd -P; \(look); echo; ls '\(farm.deployments)' '\(farm.deployments)/releases' 2>/dev/null; true"
            farm.settings.build.command = "pwd -P"
            farm.settings.reload.command = "(\(look)) > \(farm.root)/served"
        }.run { farm, service in
            let done = try await service.deployed(farm.commit(["a": "1"]))
            let served = try readFile(farm.root + "/served")
            let place = String(try #require(served.split(separator: "\n").first))
            let log = try readFile(farm.deployments + "/logs/\(done.id).log")
            let release = try #require(done.release).split(separator: "/").last.map(String.init) ?? ""
            let isInPlace = target.hasSuffix("server")
            let deployments =
                isInPlace
                ? ""
                : "\(farm.deployments):\n\(target.hasSuffix("/current") && target.hasPrefix("agent") ? "current\n" : "")releases\n\n\(farm.deployments)/releases:\n\(release)\n"
            #expect(log.contains("\n" + place + "\n" + served + "\n" + deployments), "\(log)\n\(served)")
            #expect(log.split(separator: "\n").filter { $0 == place }.count == (isInPlace ? 3 : 4), "\(log)")
        }
    }
}
