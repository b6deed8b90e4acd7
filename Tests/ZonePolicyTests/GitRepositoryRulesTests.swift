import Testing
import ZonePolicy

/// What keeps git in code-repo from running the agent's programs for somebody else, and leaves git's own work alone.
@Suite struct `Git in code-repo` {
    let subject: PolicyUnderTest
    let repo = PolicyUnderTest.codeRepo
    init() throws { subject = try PolicyUnderTest() }

    @Test func `ordinary commands write what they need`() {
        let written = [
            ".git/index", ".git/index.lock", ".git/HEAD", ".git/HEAD.lock", ".git/ORIG_HEAD", ".git/COMMIT_EDITMSG",
            ".git/config.lock",
            ".git/refs/heads/config", ".git/refs/heads/hooks", ".git/refs/stash", ".git/logs/HEAD", ".git/logs/refs/heads/main",
            ".git/objects/ab/cdef", ".git/objects/pack/tmp_pack_x", ".git/objects/info/commit-graph", ".git/objects/info/packs",
            ".git/packed-refs", ".git/gc.pid", ".git/gc.log", ".git/info/exclude", ".git/info/refs",
            ".git/rebase-merge/git-rebase-todo",
            ".git/MERGE_HEAD", ".git/worktrees/w/HEAD", ".git/worktrees/w/commondir", ".git/worktrees/w/gitdir",
            ".git/worktrees/w/index",
            ".git/shallow", ".git/description", "w/.git", ".gitattributes", ".gitmodules", "config", "hooks/pre-commit",
        ]
        for path in written {
            for operation in [NameOperation.create, .unlink] {
                #expect(subject.name(operation, "\(repo)/\(path)") == .allowed, "\(path)")
            }
            #expect(subject.node(.write, "\(repo)/\(path)") == .allowed, "\(path)")
        }
        for path in [".git/worktrees", ".git/worktrees/w", ".git/rebase-merge", ".git/objects/ab", ".git/logs/refs", "w"] {
            #expect(subject.name(.makeDirectory, "\(repo)/\(path)") == .allowed, "\(path)")
            #expect(subject.name(.removeDirectory, "\(repo)/\(path)") == .allowed, "\(path)")
        }
        #expect(subject.rename("\(repo)/.git/index.lock", "\(repo)/.git/index", replacing: .file) == .allowed)
        #expect(subject.rename("\(repo)/.git/HEAD.lock", "\(repo)/.git/HEAD", replacing: .file) == .allowed)
    }

    @Test func `rewriting the configuration is allowed if it stays the same`() {
        let decision = subject.rename("\(repo)/.git/config.lock", "\(repo)/.git/config", replacing: .file)
        guard case .allowedIf(.sameContent, else: let refusal) = decision else {
            Issue.record("\(decision)")
            return
        }
        #expect(refusal.errno == EPERM)
        #expect(refusal.rule == .protected)
        #expect(refusal.pattern == ".git/config")
        // Nothing to be the same as.
        #expect(subject.rename("\(repo)/.git/config.lock", "\(repo)/.git/config").code == EPERM)
        #expect(
            subject.rename("\(repo)/.git/config.lock", "\(repo)/.git/config", kind: .symbolicLink, replacing: .file).code == EPERM)
        #expect(subject.rename("\(repo)/x", "\(repo)/.git/config", replacing: .file, mode: .exchange).code == EPERM)
        #expect(subject.rename("\(repo)/.git/config", "\(repo)/x").code == EPERM)
    }

    @Test func `a protected file gets no second name`() {
        #expect(subject.node(.linkFrom, "\(repo)/.git/config").code == EPERM)
        #expect(subject.node(.linkFrom, "\(repo)/.git/hooks/pre-commit").code == EPERM)
        #expect(subject.name(.link, "\(repo)/.git/config").code == EPERM)
        #expect(subject.node(.linkFrom, "\(repo)/.git/index") == .allowed)
    }

    @Test func `a directory that holds protected names keeps its own`() {
        let real = ["HEAD", "config", "objects/ab/cd", "refs/heads/main"]
        #expect(subject.rename("\(repo)/.git", "\(repo)/g0", kind: .directory).code == -1)
        #expect(subject.move("\(repo)/.git", "\(repo)/g0", holding: real)?.pattern == ".git/config")
        #expect(subject.move("\(repo)/.git", "\(repo)/g0", holding: ["objects/info/alternates"])?.rule == .holdsProtected)
        #expect(subject.move("\(repo)/.git", "\(repo)/g0", holding: ["modules/a/b/hooks/x"])?.rule == .holdsProtected)
        // Nothing protected in it: it may go.
        #expect(subject.move("\(repo)/.git", "\(repo)/g0", holding: ["HEAD", "objects/ab/cd"]) == nil)
    }

    @Test func `a directory prepared elsewhere does not become one that git trusts`() {
        #expect(subject.rename("\(repo)/g0", "\(repo)/.git", kind: .directory).code == -1)
        #expect(subject.move("\(repo)/g0", "\(repo)/.git", holding: ["hooks/pre-commit"])?.rule == .holdsProtected)
        #expect(subject.move("\(repo)/g0", "\(repo)/.git", holding: ["config"])?.rule == .holdsProtected)
        #expect(subject.move("\(repo)/g0", "\(repo)/.git", holding: ["commondir"])?.rule == .holdsProtected)
        #expect(subject.move("\(repo)/h", "\(repo)/.git/modules/m", holding: ["x/hooks/post-checkout"])?.rule == .holdsProtected)
        #expect(subject.rename("\(repo)/h", "\(repo)/.git/hooks", kind: .directory).code == EPERM)
        // An exchange moves both.
        #expect(subject.rename("\(repo)/g0", "\(repo)/.git", kind: .directory, replacing: .directory, mode: .exchange).code == -1)
        #expect(subject.rename("\(repo)/f", "\(repo)/.git", kind: .file, replacing: .directory, mode: .exchange).code == -1)
    }

    @Test func `directories whose content has the same rules before and after move freely`() {
        for (from, to) in [
            ("a", "b"), ("src/x", "y"), ("project", "elsewhere/project"), (".git/refs/heads/a", ".git/refs/heads/b"),
            (".git/modules/a", ".git/modules/b"), (".git/rebase-merge", ".git/rebase-old"),
        ] {
            #expect(subject.rename("\(repo)/\(from)", "\(repo)/\(to)", kind: .directory) == .allowed, "\(from) → \(to)")
        }
    }

    @Test func `no symbolic link stands where a way to a protected name begins`() {
        for path in [
            ".git", ".git/info", ".git/objects", ".git/objects/info", ".git/modules", ".git/modules/m", ".git/worktrees/w",
            "a/.git",
        ] {
            #expect(subject.name(.makeSymbolicLink, "\(repo)/\(path)").refusal?.rule == .passage, "\(path)")
            #expect(subject.rename("\(repo)/l", "\(repo)/\(path)", kind: .symbolicLink).refusal?.rule == .passage, "\(path)")
            #expect(subject.name(.link, "\(repo)/\(path)", kind: .symbolicLink).refusal?.rule == .passage, "\(path)")
        }
        #expect(
            subject.rename("\(repo)/.git/info", "\(repo)/l", kind: .directory, replacing: .symbolicLink, mode: .exchange).code
                == EPERM)
        #expect(subject.move("\(repo)/g0", "\(repo)/.git", holding: ["info@", "HEAD"])?.rule == .passage)
        for path in ["a", "a/b", ".git/refs/heads/l", ".git/HEAD", ".git/objects/ab"] {
            #expect(subject.name(.makeSymbolicLink, "\(repo)/\(path)") == .allowed, "\(path)")
        }
    }

    @Test func `a place carries what is known of both names of a hard link`() {
        let plain = subject.place("\(repo)/x")
        let guarded = subject.place("\(repo)/.git/config")
        #expect(plain.stricter(than: guarded) == guarded)
        #expect(guarded.stricter(than: plain) == guarded)
    }
}
