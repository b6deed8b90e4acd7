import GitRepository
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct CloneTests {
    private func source(_ directory: String) throws -> TestRepository {
        let repository = try TestRepository(at: directory + "/source")
        for number in 0..<20 { try repository.write("folder\(number % 3)/file\(number).txt", "text \(number)\n") }
        try repository.commit("first")
        try repository.write("folder0/file0.txt", "changed\n")
        try repository.commit("second")
        return repository
    }

    @Test func `a clone shares no inode with its source and is clean`() throws {
        try withTemporaryDirectory { directory in
            let repository = try source(directory)
            for state in ["loose", "packed"] {
                if state == "packed" { try repository.git("gc", "-q") }
                let copy = directory + "/copy-" + state
                let made = try pinfoldGit("clone", repository.path, copy).requireSuccess()
                #expect(made == "main \(try repository.head())\nfrom \(repository.path)\n")
                #expect(try shell("find \(copy) -type f -links +1").requireSuccess().isEmpty)
                let inodes = "find \(repository.path) \(copy) -type f -printf '%i\\n' | sort | uniq -d"
                #expect(try shell(inodes).requireSuccess().isEmpty)
                let clone = TestRepository(existing: copy)
                #expect(try clone.git("status", "--porcelain").isEmpty)
                #expect(try clone.git("branch", "--show-current") == "main")
                try clone.git("fsck", "--strict")
            }
        }
    }

    @Test func `the branch that the source has checked out is kept`() throws {
        try withTemporaryDirectory { directory in
            let repository = try source(directory)
            try repository.git("switch", "-q", "-c", "team/work")
            let tip = try repository.commit("on the branch")
            let made = try Clone.make(from: GitRemote(url: repository.path), to: directory + "/copy")
            #expect(made.branch == "team/work" && made.tip == tip)
        }
    }

    @Test func `a clone of a repository that borrows objects is whole`() throws {
        try withTemporaryDirectory { directory in
            let repository = try source(directory)
            try run("git", ["clone", "-q", "--shared", repository.path, directory + "/borrower"]).requireSuccess()
            try pinfoldGit("clone", directory + "/borrower", directory + "/copy").requireSuccess()
            try run("rm", ["-rf", repository.path]).requireSuccess()
            let clone = TestRepository(existing: directory + "/copy")
            #expect(!exists(clone.path + "/.git/objects/info/alternates"))
            try clone.git("fsck", "--strict")
            #expect(try clone.git("log", "--format=%s") == "second\nfirst")
        }
    }

    @Test func `a linked worktree, a subdirectory and a symbolic branch are cloned as the branch that they show`() throws {
        try withTemporaryDirectory { directory in
            let repository = try source(directory)
            func cloned(_ source: String, _ name: String) throws -> (Clone.Outcome, TestRepository) {
                (
                    try Clone.make(from: GitRemote(url: source), to: directory + "/" + name),
                    TestRepository(existing: directory + "/" + name)
                )
            }
            try repository.git("worktree", "add", "-q", "-b", "side", directory + "/side")
            let tip = try TestRepository(existing: directory + "/side").commit("on the side")
            let (inFolder, _) = try cloned(repository.path + "/folder1", "copy1")
            #expect(inFolder.branch == "main")
            let (worktree, copy) = try cloned(directory + "/side", "copy2")
            #expect(worktree.branch == "side" && worktree.tip == tip)
            #expect(try copy.git("branch", "--show-current") == "side")
            #expect(try copy.git("status", "--porcelain").isEmpty)
            try repository.script("git symbolic-ref refs/heads/now refs/heads/main; git symbolic-ref HEAD refs/heads/now")
            let (symbolic, other) = try cloned(repository.path, "copy3")
            #expect(symbolic.branch == "main")
            #expect(try other.head("refs/heads/main") == repository.head("refs/heads/main"))
        }
    }

    @Test func `an address of a file is one, escapes and all, and what proves nothing about the other side is refused`() throws {
        try withTemporaryDirectory { directory in
            let repository = try source(directory)
            let odd = directory + "/a place"
            try run("cp", ["-a", repository.path, odd]).requireSuccess()
            for (number, address) in ["file://\(repository.path)", "file://localhost\(odd)", "file://\(directory)/a%20place"]
                .enumerated()
            {
                let made = try Clone.make(from: GitRemote(url: address), to: directory + "/copy\(number)")
                #expect(try made.tip == repository.head(), "\(address)")
            }
            for address in [
                "http://localhost/x", "git://localhost/x", "ext::sh -c true", "file://elsewhere/x", "git@host:x", "relative",
            ] {
                let refused = try pinfoldGit("clone", address, directory + "/copy")
                #expect(refused.kind == .unsupported || refused.kind == .unreachable, "\(refused)")
                #expect(refused.errors.contains(address) && !exists(directory + "/copy"), "\(refused)")
            }
            let secret = try pinfoldGit("clone", "https://name:secret@127.0.0.1:1/x", directory + "/copy")
            #expect(secret.kind == .unreachable && !secret.errors.contains("secret"), "\(secret)")
        }
    }

    @Test func `what attributes convert is as git checks it out, and is committed as git commits it`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/source")
            try repository.script(
                """
                printf '%s\\n' '*.le text working-tree-encoding=UTF-16LE' '*.w16 working-tree-encoding=UTF-16' \\
                    '*.bom working-tree-encoding=UTF-16LE-BOM' '*.l1 text working-tree-encoding=ISO-8859-1' \\
                    '*.sj working-tree-encoding=SHIFT-JIS' '*.jp working-tree-encoding=ISO-2022-JP' '*.crlf text eol=crlf' '*.lf text eol=lf' \\
                    '*.auto text=auto' '*.id ident' '*.bin filter=lfs diff=lfs merge=lfs -text' > .gitattributes
                printf 'h\\0i\\0\\n\\0' > a.le; printf 'h\\303\\251\\n' | iconv -t UTF-16 > a.w16; printf '\\377\\376h\\0\\n\\0' > a.bom
                printf 'caf\\351\\n' > a.l1; printf '日本\\n' | iconv -t SHIFT-JIS > a.sj; printf '日本\\n' | iconv -t ISO-2022-JP > a.jp
                printf 'a\\r\\nb\\r\\n' > a.crlf; echo a > a.lf; printf 'a\\r\\n' > a.auto; echo '$Id$' > a.id; echo pointer > a.bin
                git add -A 2>/dev/null; git commit -qm first; for i in {1..3000}; do printf 'l\\0\\n\\0'; done > long.le; git add long.le; git commit -qm long
                """)
            let made = try Clone.make(from: GitRemote(url: repository.path), to: directory + "/copy")
            #expect(made.notes == [])
            let copy = TestRepository(existing: directory + "/copy")
            // With every file read anew, and not taken at the word of the index.
            try copy.script("touch *")
            #expect(try copy.git("status", "--porcelain").isEmpty)
            try shell(
                "for f in *.le a.w16 a.bom a.l1 a.sj a.jp a.crlf a.lf; do cmp $f ../copy/$f; done",
                workingDirectory: repository.path
            )
            .requireSuccess()
            try copy.script(
                "printf 'x\\0\\n\\0' >> a.le; printf '\\350\\n' >> a.l1; printf 'c\\n' >> a.crlf; echo new | iconv -t UTF-16 > b.w16"
            )
            try pinfoldGit("commit", copy.path, "main", "--name", "A", "--email", "a@b", "--message", "m").requireSuccess()
            try copy.script("touch *")
            #expect(try copy.git("status", "--porcelain").isEmpty)
            #expect(try copy.git("show", "HEAD:a.l1") == "café\nè")
            #expect(try copy.git("show", "HEAD:b.w16") == "new")
            // What is not in its encoding is not committed as something else.
            try copy.script("printf 'odd' > a.le")
            let refused = try pinfoldGit("commit", copy.path, "main", "--name", "A", "--email", "a@b", "--message", "m")
            #expect(!refused.status.isSuccess && refused.errors.contains("UTF-16LE"), "\(refused)")
        }
    }

    @Test func `what a commit does not hold as its attributes say, and submodules, are told of`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/source")
            try repository.script(
                """
                printf 'a\\r\\n' > a.txt; printf 'caf\\351' > b.rc; echo x > c.bad; git add -A; git commit -qm first
                printf '*.txt text\\n*.rc working-tree-encoding=UTF-16LE\\n*.bad working-tree-encoding=NONE-SUCH\\n' > .gitattributes
                git add .gitattributes; git commit -qm attributes
                git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),lib; git commit -qm submodule
                """)
            let made = try Clone.make(from: GitRemote(url: repository.path), to: directory + "/copy")
            try #require(made.notes.count == 2, "\(made.notes)")
            #expect(made.notes[0].contains("a.txt, b.rc, c.bad") && made.notes[0].contains("working-tree-encoding"))
            #expect(made.notes[1].contains("submodules") && made.notes[1].hasSuffix(": lib"))
            let copy = TestRepository(existing: directory + "/copy")
            #expect(!(try copy.git("status", "--porcelain", "lib").contains("lib")))
        }
    }

    @Test func `a branch whose name is not UTF-8 is refused with its name`() throws {
        try withTemporaryDirectory { directory in
            let repository = try source(directory)
            try repository.script("git branch $'caf\\351'; git symbolic-ref HEAD $'refs/heads/caf\\351'")
            let refused = try pinfoldGit("clone", repository.path, directory + "/copy")
            #expect(refused.kind == .unsupported && refused.errors.contains("caf\\xe9"), "\(refused)")
        }
    }

    @Test func `an answer that cannot be given is no success`() throws {
        try withTemporaryDirectory { directory in
            let repository = try source(directory)
            let lost = try shell("\(Executables.git) clone \(repository.path) \(directory)/copy > /dev/full || echo $?")
            #expect(lost.output.trimmingEnd != "" && lost.errors.contains("handed over"), "\(lost)")
        }
    }

    @Test func `what cannot be cloned whole is refused with a word`() throws {
        try withTemporaryDirectory { directory in
            let repository = try source(directory)
            try run("git", ["clone", "-q", "--depth", "1", "file://" + repository.path, directory + "/shallow"]).requireSuccess()
            let shallow = try pinfoldGit("clone", directory + "/shallow", directory + "/copy")
            #expect(shallow.kind == .unsupported)
            #expect(shallow.errors.contains("shallow"))
            _ = try TestRepository(at: directory + "/empty")
            #expect(try pinfoldGit("clone", directory + "/empty", directory + "/copy").kind == .notReady)
            try repository.git("switch", "-q", "--detach")
            #expect(try pinfoldGit("clone", repository.path, directory + "/copy").kind == .notReady)
            try makeDirectories(directory + "/nothing")
            #expect(try pinfoldGit("clone", directory + "/nothing", directory + "/copy").kind == .notFound)
            #expect(!exists(directory + "/copy"))
        }
    }

    @Test func `hooks, templates and filters of the source and the machine do not run`() throws {
        try withTemporaryDirectory { directory in
            let repository = try source(directory)
            let mark = directory + "/ran"
            try repository.write(".gitattributes", "*.txt filter=evil\n")
            try repository.commit("attributes")
            try makeDirectories(directory + "/template/hooks")
            try writeFile(directory + "/template/hooks/post-checkout", "#!/bin/sh\ntouch \(mark)\n", mode: [.ownerReadWriteExecute])
            try writeFile(
                directory + "/.gitconfig",
                "[init]\n\ttemplateDir = \(directory)/template\n[filter \"evil\"]\n\tsmudge = touch \(mark); cat\n\tclean = touch \(mark); cat\n"
                    + "[core]\n\tfsmonitor = touch \(mark)\n")
            let cloned = try run(
                Executables.git, ["clone", repository.path, directory + "/copy"],
                environment: ["HOME": directory, "GIT_CONFIG_GLOBAL": directory + "/.gitconfig"])
            try cloned.requireSuccess()
            #expect(!exists(mark))
            #expect(!exists(directory + "/copy/.git/hooks/post-checkout"))
        }
    }

    @Test func `the identity is written once and kept`() throws {
        try withTemporaryDirectory { directory in
            let repository = try source(directory)
            try pinfoldGit("identity", repository.path, "Agent", "agent@localhost").requireSuccess()
            let before = try readFile(repository.path + "/.git/config")
            try pinfoldGit("identity", repository.path, "Agent", "agent@localhost").requireSuccess()
            #expect(try readFile(repository.path + "/.git/config") == before)
            #expect(try repository.git("config", "user.name") == "Agent")
            #expect(try repository.git("config", "user.email") == "agent@localhost")
        }
    }
}
