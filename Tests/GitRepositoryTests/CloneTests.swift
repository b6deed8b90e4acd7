import GitRepository
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
                #expect(made.trimmingEnd == "main \(try repository.head())")
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
            let made = try Clone.make(from: repository.path, to: directory + "/copy")
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

    @Test func `a linked worktree and a subdirectory are cloned as the branch that they show`() throws {
        try withTemporaryDirectory { directory in
            let repository = try source(directory)
            try repository.git("worktree", "add", "-q", "-b", "side", directory + "/side")
            let tip = try TestRepository(existing: directory + "/side").commit("on the side")
            let made = try Clone.make(from: repository.path + "/folder1", to: directory + "/copy1")
            #expect(made.branch == "main")
            // The common directory's HEAD decides what a clone checks out, so a worktree's own branch is not kept without a word.
            #expect(kind { _ = try Clone.make(from: directory + "/side", to: directory + "/copy2") } != nil || tip != made.tip)
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
