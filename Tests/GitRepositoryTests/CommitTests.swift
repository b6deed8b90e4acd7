import GitRepository
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct CommitTests {
    private func repository(_ directory: String) throws -> TestRepository {
        let repository = try TestRepository(at: directory + "/repository")
        try repository.write("kept.txt", "kept\n")
        try repository.write("gone.txt", "gone\n")
        try repository.write("folder/changed.txt", "before\n")
        try repository.write(".gitignore", "*.log\nbuild/\n")
        try repository.commit("first")
        return repository
    }

    private func commit(_ repository: TestRepository, message: String? = "work", on branch: String = "main") throws -> Finished {
        try run(
            Executables.git,
            ["commit", repository.path, branch, "--name", "Agent", "--email", "agent@localhost"]
                + (message.map { ["--message", $0] } ?? []))
    }

    @Test func `everything that changed is committed as git add -A does`() throws {
        try withTemporaryDirectory { directory in
            let repository = try repository(directory)
            let parent = try repository.head()
            try repository.write("folder/changed.txt", "after\n")
            try repository.write("new/deep/file.txt", "new\n")
            try repository.write("noise.log", "noise\n")
            try repository.write("build/out", "out\n")
            try repository.script("rm gone.txt; chmod +x kept.txt; ln -s kept.txt link")
            let printed = try commit(repository, message: "a message").requireSuccess().trimmingEnd
            #expect(printed == "\(try repository.head()) new")
            #expect(try repository.head("HEAD^") == parent)
            #expect(try repository.git("status", "--porcelain").isEmpty)
            #expect(
                try repository.git("log", "-1", "--format=%an <%ae> %cn <%ce> %B")
                    == "Agent <agent@localhost> Agent <agent@localhost> a message")
            #expect(
                try repository.git("diff", "--no-renames", "--name-status", "HEAD^", "HEAD")
                    == "M\tfolder/changed.txt\nD\tgone.txt\nM\tkept.txt\nA\tlink\nA\tnew/deep/file.txt")
            try repository.git("fsck", "--strict")
        }
    }

    @Test func `what a killed commit has left does not stop the next and what the agent is making does`() throws {
        try withTemporaryDirectory { directory in
            let repository = try repository(directory)
            try repository.write("kept.txt", "after\n")
            let (lock, traces) = (repository.path + "/.git/index.lock", repository.path + "/.git/pinfold-traces")
            try writeFile(lock, "")
            let refused = try commit(repository)
            #expect(!refused.status.isSuccess && exists(lock) && !exists(traces))
            try makeDirectories(traces)
            try shell("ln '\(lock)' '\(traces)/1'").requireSuccess()
            try commit(repository).requireSuccess()
            #expect(!exists(lock) && !exists(traces))
            #expect(try repository.git("status", "--porcelain").isEmpty)
        }
    }

    @Test func `with nothing to commit the tip is printed and stays`() throws {
        try withTemporaryDirectory { directory in
            let repository = try repository(directory)
            let tip = try repository.head()
            let finished = try commit(repository)
            #expect(try finished.requireSuccess().trimmingEnd == "\(tip) unchanged")
            #expect(finished.errors.contains("nothing to commit"))
            #expect(try repository.head() == tip)
        }
    }

    @Test func `without a message a change is named and nothing is committed, and no change needs none`() throws {
        try withTemporaryDirectory { directory in
            let repository = try repository(directory)
            let tip = try repository.head()
            #expect(try commit(repository, message: nil).requireSuccess().trimmingEnd == "\(tip) unchanged")
            try repository.write("kept.txt", "again\n")
            try repository.write("new.txt", "new\n")
            let before = try readBytes(repository.path + "/.git/index")
            let asked = try commit(repository, message: nil)
            #expect(try asked.requireSuccess().trimmingEnd == "\(tip) changed")
            #expect(asked.errors.contains("2 changed paths (kept.txt, new.txt)"), "\(asked)")
            #expect(try repository.head() == tip)
            #expect(try readBytes(repository.path + "/.git/index") == before)
        }
    }

    @Test func `a message longer than a command line comes by standard input`() throws {
        try withTemporaryDirectory { directory in
            let repository = try repository(directory)
            try repository.write("kept.txt", "again\n")
            let message = String(repeating: "a long line of a message\n", count: 10_000)
            try run(
                Executables.git, ["commit", repository.path, "main", "--name", "A", "--email", "a@b", "--message", "-"],
                input: message
            ).requireSuccess()
            #expect(try repository.git("log", "-1", "--format=%B").utf8.count >= message.utf8.count - 2)
        }
    }

    struct State: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let script: String
        /// What the refusal names.
        let words: [String]
    }

    static let states: [State] = [
        State(testDescription: "another branch", script: "git switch -q -c topic", words: ["topic", "main", "git switch main"]),
        State(testDescription: "a detached HEAD", script: "git switch -q --detach", words: ["detached", "main"]),
        State(testDescription: "an unborn branch", script: "git checkout -q --orphan new", words: ["new", "main"]),
        State(
            testDescription: "the branch itself gone", script: "git update-ref -d refs/heads/main",
            words: ["main", "no commit yet"]),
        State(
            testDescription: "a merge in progress",
            script:
                "git switch -q -c side; git commit -q --allow-empty -m side; git switch -q main; git merge -q --no-ff --no-commit side",
            words: ["merge"]),
        State(
            testDescription: "a conflict",
            script:
                "git switch -q -c side; echo s > kept.txt; git commit -qam s; git switch -q main; echo m > kept.txt; git commit -qam m; "
                + "git merge side >/dev/null || true",
            words: ["merge"]),
        State(
            testDescription: "a conflict without a merge",
            script:
                "git stash list; echo s > kept.txt; git stash -q; echo m > kept.txt; git commit -qam m; git stash pop >/dev/null 2>&1 || true",
            words: ["conflict"]),
        State(
            testDescription: "a rebase in progress",
            script:
                "git switch -q -c side; echo s > kept.txt; git commit -qam s; git switch -q main; echo m > kept.txt; git commit -qam m; "
                + "git rebase side >/dev/null 2>&1 || true",
            words: ["rebase"]),
        State(
            testDescription: "a cherry-pick in progress",
            script:
                "git switch -q -c side; echo s > kept.txt; git commit -qam s; git switch -q main; echo m > kept.txt; git commit -qam m; "
                + "git cherry-pick side >/dev/null 2>&1 || true",
            words: ["cherry-pick"]),
        State(testDescription: "a bisection", script: "git bisect start >/dev/null", words: ["bisect"]),
    ]

    @Test(arguments: states)
    func `what is not the deploying branch at rest is refused, and nothing is written`(_ state: State) throws {
        try withTemporaryDirectory { directory in
            let repository = try repository(directory)
            try repository.script(state.script)
            try repository.write("another.txt", "work\n")
            let shot = "git for-each-ref; cat .git/HEAD; sha256sum .git/index; git rev-parse -q --verify HEAD || true"
            let before = try repository.script(shot)
            for message in ["work", nil] {
                let refused = try commit(repository, message: message)
                #expect(refused.kind == .notReady, "\(refused)")
                for word in state.words { #expect(refused.errors.contains(word), "\(refused)") }
            }
            #expect(try repository.script(shot) == before)
        }
    }

    @Test func `a branch by another name for it is the branch`() throws {
        try withTemporaryDirectory { directory in
            let repository = try repository(directory)
            try repository.script("git symbolic-ref refs/heads/current refs/heads/main; git symbolic-ref HEAD refs/heads/current")
            try repository.write("kept.txt", "again\n")
            let printed = try commit(repository).requireSuccess().trimmingEnd
            #expect(printed == "\(try repository.head("refs/heads/main")) new")
        }
    }

    @Test func `no hook and no filter of the repository runs`() throws {
        try withTemporaryDirectory { directory in
            let repository = try repository(directory)
            let mark = directory + "/ran"
            for hook in ["pre-commit", "post-commit", "commit-msg", "prepare-commit-msg", "post-index-change"] {
                try writeFile(repository.path + "/.git/hooks/" + hook, "#!/bin/sh\ntouch \(mark)\n", mode: [.ownerReadWriteExecute])
            }
            try repository.git("config", "filter.evil.clean", "touch \(mark); cat")
            try repository.git("config", "core.fsmonitor", "touch \(mark)")
            try repository.write(".gitattributes", "* filter=evil\n")
            try repository.write("kept.txt", "again\n")
            try commit(repository).requireSuccess()
            #expect(!exists(mark))
        }
    }

    @Test func `wrong usage is exit code 2`() throws {
        try withTemporaryDirectory { directory in
            let repository = try repository(directory)
            #expect(try commit(repository, message: " \n").status == .exited(2))
            #expect(try pinfoldGit("commit", repository.path, "main").status == .exited(2))
            #expect(try pinfoldGit("commit", repository.path).status == .exited(2))
            #expect(try pinfoldGit("dance").status == .exited(2))
            #expect(try pinfoldGit().status == .exited(2))
            #expect(try pinfoldGit("tip", repository.path, "main", "--colour", "red").status == .exited(2))
        }
    }
}
