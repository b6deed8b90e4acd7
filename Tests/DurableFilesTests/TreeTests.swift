import CLinux
import DurableFiles
import TestSupport
import Testing

/// Whole trees, which somebody hostile may have made.
@Suite(.timeLimit(.minutes(10)))
struct TreeTests {
    private func listing(_ root: String) throws -> String {
        try shell("find . -mindepth 1 -printf '%P %y %m %l\\n' | sort", workingDirectory: root).requireSuccess()
    }

    private let sample = """
        mkdir -p a/b/c; echo one > a/one; echo two > a/b/two; chmod 755 a/one; ln -s /etc/passwd a/out; ln -s one a/in; mkdir empty
        printf x > "$(printf 'a/\\377 name')"
        """

    @Test func `a copy has the same names, kinds, contents and permissions`() throws {
        try withTemporaryDirectory { root in
            try makeDirectories(root + "/from")
            try shell(sample, workingDirectory: root + "/from").requireSuccess()
            try Tree.copy(root + "/from", to: root + "/copy")
            #expect(try listing(root + "/copy") == listing(root + "/from"))
            try shell("diff -r --no-dereference from copy", workingDirectory: root).requireSuccess()
            try Tree.copy(root + "/from", to: root + "/linked", by: .links)
            #expect(status(root + "/linked/a/one")?.st_ino == status(root + "/from/a/one")?.st_ino)
            #expect(status(root + "/copy/a/one")?.st_ino != status(root + "/from/a/one")?.st_ino)
        }
    }

    @Test func `removing follows no link, and stops at no depth and no mode`() throws {
        try withTemporaryDirectory { root in
            try makeDirectories(root + "/tree")
            try writeFile(root + "/outside", "kept")
            try shell(
                """
                ln -s \(root)/outside tree/file; mkdir outside.d; touch outside.d/kept; ln -s \(root)/outside.d tree/directory
                mkdir tree/closed; touch tree/closed/x; chmod 0 tree/closed
                python3 -c 'import os
                os.chdir("tree")
                for _ in range(1200): os.mkdir("d"); os.chdir("d")'
                """, workingDirectory: root
            ).requireSuccess()
            try Tree.remove(root + "/tree")
            #expect(!exists(root + "/tree") && exists(root + "/outside") && exists(root + "/outside.d/kept"))
            // Nothing there is success.
            try Tree.remove(root + "/tree")
            try Tree.remove(root + "/nowhere/tree")
        }
    }

    @Test func `what is discarded is out of the way at once, and goes when that is asked for`() throws {
        try withTemporaryDirectory { root in
            for name in ["one", "two"] {
                try makeDirectories(root + "/" + name + "/in")
                try Tree.discard(root + "/" + name)
                #expect(!exists(root + "/" + name))
            }
            try Tree.discard(root + "/one")
            #expect(try shell("ls -A | wc -l", workingDirectory: root).requireSuccess() == "2\n")
            try Tree.removeDiscarded(in: [root]) { true }
            #expect(try shell("ls -A | wc -l", workingDirectory: root).requireSuccess() == "2\n")
            try makeDirectories(root + "/other")
            try Tree.removeDiscarded(in: [root]) { false }
            #expect(try shell("ls -A", workingDirectory: root).requireSuccess() == "other\n")
        }
    }

    @Test func `a file is put where no link leads it, and what stands in the way makes way`() throws {
        try withTemporaryDirectory { root in
            let tree = root + "/tree"
            try makeDirectories(tree)
            try writeFile(root + "/outside", "kept")
            try makeDirectories(root + "/elsewhere")
            try shell("ln -s \(root)/outside file; ln -s \(root)/elsewhere dir; mkdir -p deep/file/x", workingDirectory: tree)
                .requireSuccess()
            let overlay = Overlay(root: tree, owner: (0, 0))
            for path in ["file", "dir/file", "deep/file", "new/in/here"] {
                try overlay.put(Array(path.utf8), contents: Array("new".utf8), mode: 0o640)
                #expect(try overlay.read(Array(path.utf8), limit: 100) == Array("new".utf8), "\(path)")
                #expect(try #require(status(tree + "/" + path)).st_mode & 0o7777 == 0o640)
            }
            #expect(try readFile(root + "/outside") == "kept" && !exists(root + "/elsewhere/file"))
            try shell("rm file; ln -s \(root)/outside file", workingDirectory: tree).requireSuccess()
            #expect(try overlay.read(Array("file".utf8), limit: 100) == nil)
            #expect(try overlay.read(Array("dir/file".utf8), limit: 2) == nil)
            try overlay.remove(Array("file".utf8))
            #expect(!exists(tree + "/file") && exists(root + "/outside"))
        }
    }

    @Test func `a search looks through no link, and at no more than it was told to`() throws {
        try withTemporaryDirectory { root in
            try shell(
                "mkdir -p t/a/b t/c; touch t/a/1 t/a/b/2 t/c/3; ln -s /etc t/etc; ln -s ../c t/a/c", workingDirectory: root
            ).requireSuccess()
            func search(_ base: [String] = [], atMost limit: Int = 100, enters: @escaping (String) -> Bool = { _ in true }) throws
                -> [String]
            {
                let names = base.map { Array($0.utf8) }
                return try Tree.search(
                    root + "/t", from: names, atMost: limit,
                    enters: { enters(String(decoding: Array($0.joined(separator: [0x2F])), as: UTF8.self)) }, takes: { _ in true },
                    pause: {}
                ).map(\.description)
            }
            #expect(try search() == ["a/1", "a/b/2", "a/c", "c/3", "etc"])
            #expect(try search(enters: { $0 != "a/b" }) == ["a/1", "a/c", "c/3", "etc"])
            #expect(try search(["a", "b"]) == ["a/b/2"])
            #expect(try search(["etc", "passwd"]).isEmpty && search(["none"]).isEmpty)
            #expect(throws: TooManyFiles.self) { try search(atMost: 4) }
        }
    }
}
