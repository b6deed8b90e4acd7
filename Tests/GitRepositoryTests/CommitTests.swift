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

    private func commit(_ repository: TestRepository, message: String = "work") throws -> Finished {
        try pinfoldGit("commit", repository.path, "--message", message, "--name", "Agent", "--email", "agent@localhost")
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

    @Test func `the first commit of a new repository works`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            try repository.write("a", "a\n")
            try commit(repository).requireSuccess()
            #expect(try repository.git("rev-list", "--count", "main") == "1")
        }
    }

    @Test func `a merge is finished, and conflicts and half done operations are refused`() throws {
        try withTemporaryDirectory { directory in
            let repository = try repository(directory)
            try repository.script("git switch -q -c side; echo side > kept.txt; git commit -qam side; git switch -q main")
            try repository.script("echo main > kept.txt; git commit -qam main; git merge side >/dev/null || true")
            let refused = try commit(repository)
            #expect(refused.kind == .notReady)
            #expect(refused.errors.contains("conflict"))
            try repository.script("echo both > kept.txt; git add kept.txt")
            try commit(repository).requireSuccess()
            #expect(try repository.git("log", "-1", "--format=%p").split(separator: " ").count == 2)
            #expect(!exists(repository.path + "/.git/MERGE_HEAD"))
            try repository.git("switch", "-q", "--detach")
            #expect(try commit(repository).kind == .notReady)
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
            #expect(try pinfoldGit("commit", repository.path).status == .exited(2))
            #expect(try pinfoldGit("dance").status == .exited(2))
            #expect(try pinfoldGit().status == .exited(2))
            #expect(try pinfoldGit("tip", repository.path, "main", "--colour", "red").status == .exited(2))
        }
    }
}
