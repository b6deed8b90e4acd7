import LinuxSystem
import TestSupport
import Testing

/// That git works in a zone, with its hooks and configuration protected. Docs/Semantics.md, S-35.
@Suite struct ZoneGitTests {
    private static let work = """
        git switch -q -c work
        for i in 1 2 3; do echo $i >> new; mkdir -p dir$i; echo $i > dir$i/file; git add .; git commit -qm "commit $i"; done
        git branch other HEAD~1
        git branch -m other renamed
        git switch -q renamed
        echo z > z; git add z; git commit -qm z
        git rebase -q work
        git switch -q work
        git merge -q renamed
        echo dirty >> new
        git stash -q
        git stash pop -q
        git checkout -q new
        git worktree add -q ../worktree -b side
        (cd ../worktree; echo w > w; git add w; git commit -qm w)
        git merge -q side
        git worktree remove ../worktree
        git tag done
        git mv z moved; git commit -qm moved
        git gc -q
        git fsck --no-progress
        test -z "$(git status --short)"
        git reset -q --hard HEAD~1
        git log --oneline | wc -l
        """

    @Test(.timeLimit(.minutes(10))) func `S-35: every ordinary git command works in code-repo`() async throws {
        let prepare: (String) throws -> Void = { source in
            try shell(
                "git init -q -b main repo; cd repo; echo a > a; git add a; git commit -qm first; cd ..; chown -R 61234:61234 repo",
                workingDirectory: source + "/data/code-repo"
            ).requireSuccess()
        }
        try await withGateway(
            .init(protect: [
                ".git/hooks", ".git/config", ".git/config.worktree", ".git/info/attributes", ".git/objects/info/alternates",
            ]),
            prepare: prepare
        ) { gateway async throws in
            let done = try gateway.asAgent("cd data/code-repo/repo\n" + Self.work, seconds: 120)
            #expect(done.status.isSuccess, "\(done)")
            #expect(try !gateway.asAgent("cd data/code-repo/repo; git config core.fsmonitor evil").status.isSuccess)
            #expect(try !gateway.asAgent("cd data/code-repo/repo; echo evil > .git/hooks/pre-commit").status.isSuccess)
            // The disk below holds a whole repository.
            try run("git", ["-c", "safe.directory=*", "-C", gateway.codeRepo + "/repo", "fsck", "--no-progress"]).requireSuccess()
        }
    }

    @Test(.timeLimit(.minutes(10))) func `S-35: a clone is made in the sandbox and works there`() async throws {
        let prepare: (String) throws -> Void = { source in
            try shell(
                "git init -q -b main origin; cd origin; for i in $(seq 200); do echo $i > f$i; done; git add .; git commit -qm first; chown -R 61234:61234 .",
                workingDirectory: source
            ).requireSuccess()
        }
        try await withGateway(prepare: prepare) { gateway async throws in
            let done = try gateway.asAgent("cd data/sandbox; git clone -q ../../origin clone; cd clone\n" + Self.work, seconds: 120)
            #expect(done.status.isSuccess, "\(done)")
            // Hard links inside the zone, as a local clone makes them.
            let local = try gateway.asAgent(
                "cd data/sandbox; git clone -q --local clone second; cd second; git fsck --no-progress; git gc -q")
            #expect(local.status.isSuccess, "\(local)")
        }
    }
}
