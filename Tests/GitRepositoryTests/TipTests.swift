import GitRepository
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct TipTests {
    private func repository(_ directory: String) throws -> TestRepository {
        let repository = try TestRepository(at: directory + "/repository")
        try repository.write("a", "1\n")
        try repository.commit("one")
        try repository.write("b", "2\n")
        try repository.commit("two")
        return repository
    }

    @Test func `the tip follows commit, amend, merge, rebase and reset`() throws {
        try withTemporaryDirectory { directory in
            let repository = try repository(directory)
            let tip = BranchTip(repository: repository.path)
            for step in [
                "echo 3 > a; git commit -qam three", "git commit -q --amend -m 'three again'",
                "git switch -q -c side HEAD^; echo s > s; git add s; git commit -qm side; git switch -q main; git merge -q side -m merged",
                "git switch -q side; git rebase -q main 2>/dev/null; git switch -q main; git reset -q --hard side",
                "git reset -q --hard HEAD~2", "git commit -q --allow-empty -m on",
            ] {
                try repository.script(step)
                #expect(try tip.read("main") == repository.head("main"), "after \(step)")
            }
        }
    }

    @Test func `packed references, a gc and a worktree's commits are seen`() throws {
        try withTemporaryDirectory { directory in
            let repository = try repository(directory)
            let tip = BranchTip(repository: repository.path)
            try repository.git("branch", "topic/one")
            try repository.git("pack-refs", "--all", "--prune")
            #expect(!exists(repository.path + "/.git/refs/heads/main"))
            #expect(try tip.read("main") == repository.head("main"))
            try repository.git("gc", "-q", "--prune=now")
            #expect(try tip.read("topic/one") == repository.head("topic/one"))
            // Loose over packed.
            let on = try repository.commit("on")
            #expect(try tip.read("main") == on)
            try repository.git("worktree", "add", "-q", directory + "/tree", "topic/one")
            let side = try TestRepository(existing: directory + "/tree").commit("in the worktree")
            #expect(try tip.read("topic/one") == side)
            #expect(try tip.currentBranch() == "main")
            #expect(kind { _ = try BranchTip(repository: directory + "/tree").read("main") } == .unsupported)
        }
    }

    @Test func `a branch that is packed again and again while it is read is never missing`() throws {
        try withTemporaryDirectory { directory in
            let repository = try repository(directory)
            let tip = BranchTip(repository: repository.path)
            let id = try repository.head()
            let script =
                "for i in $(seq 60); do git update-ref refs/heads/main HEAD~0; git pack-refs --all --prune; done; touch \(directory)/done"
            let finished = Work(script, in: repository.path)
            while !exists(directory + "/done") { #expect(try tip.read("main") == id) }
            finished.wait()
        }
    }

    @Test func `a symbolic branch is followed, and one that leads elsewhere is refused`() throws {
        try withTemporaryDirectory { directory in
            let repository = try repository(directory)
            let tip = BranchTip(repository: repository.path)
            try repository.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
            #expect(try tip.read("alias") == repository.head("main"))
            try repository.write(".git/refs/heads/loop", "ref: refs/heads/loop\n")
            #expect(kind { _ = try tip.read("loop") } == .hostile)
            try repository.write(".git/refs/heads/out", "ref: refs/../../secret\n")
            #expect(kind { _ = try tip.read("out") } == .hostile)
            try repository.git("switch", "-q", "--detach")
            #expect(try tip.currentBranch() == nil)
        }
    }

    @Test func `what is no branch is nil or an error, never a hang`() throws {
        try withTemporaryDirectory { directory in
            let repository = try repository(directory)
            let tip = BranchTip(repository: repository.path)
            #expect(try tip.read("absent") == nil)
            for name in ["", "-x", "../HEAD", "a..b", "a b", "a//b", "/a", "a/", ".a", "a.lock", "a@{1}", "a\u{1}", "@"] {
                #expect(kind { _ = try tip.read(name) } == .notFound, "\(name)")
            }
            try repository.script(
                "mkfifo .git/refs/heads/fifo; ln -s /etc/passwd .git/refs/heads/link; mkdir .git/refs/heads/folder")
            #expect(kind { _ = try tip.read("fifo") } == .hostile)
            #expect(kind { _ = try tip.read("link") } == .hostile)
            #expect(kind { _ = try tip.read("folder") } == .hostile)
            try repository.write(".git/refs/heads/junk", "junk\n")
            #expect(kind { _ = try tip.read("junk") } == .corrupt)
        }
    }

    @Test func `a .git that is a file, a link or a FIFO is refused`() throws {
        try withTemporaryDirectory { directory in
            let repository = try repository(directory)
            for (name, script) in [
                ("file", "echo 'gitdir: ../repository/.git' > .git"), ("link", "ln -s ../repository/.git .git"),
                ("fifo", "mkfifo .git"),
            ] {
                try makeDirectories(directory + "/" + name)
                try shell(script, workingDirectory: directory + "/" + name).requireSuccess()
                let found = kind { _ = try BranchTip(repository: directory + "/" + name).read("main") }
                #expect(found == .unsupported || found == .hostile, "\(name)")
            }
            #expect(kind { _ = try BranchTip(repository: directory).read("main") } == .notFound)
            #expect(try pinfoldGit("tip", repository.path, "main").requireSuccess().trimmingEnd == repository.head().description)
            #expect(try pinfoldGit("tip", repository.path, "absent").kind == .notFound)
        }
    }
}
