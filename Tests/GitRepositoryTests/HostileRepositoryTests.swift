import GitRepository
import TestSupport
import Testing

/// What `pinfold-git pack` says to repositories that would mislead or hang it.
@Suite(.timeLimit(.minutes(10)))
struct HostileRepositoryTests {
    private func refusal(_ script: String, says word: String) throws -> GitError.Kind? {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            try repository.write("a", "a\n")
            try repository.commit("one")
            try repository.write("a", "b\n")
            try repository.commit("two")
            try repository.script(script)
            let finished = try run(Executables.git, ["pack", repository.path, "main"], seconds: 20)
            #expect(finished.errors.contains(word), "\(finished.errors)")
            return finished.kind
        }
    }

    @Test func `FIFOs, links and directories in place of files are refused at once`() throws {
        #expect(
            try refusal(
                "rm .git/HEAD; mkfifo .git/HEAD; rm -rf .git/refs/heads/main; mkfifo .git/refs/heads/main", says: "plain file")
                == .hostile)
        #expect(try refusal("mkfifo .git/objects/pack/pack-1.idx", says: "neither") == .hostile)
        #expect(try refusal("mkdir -p .git/objects/aa; mkfifo .git/objects/aa/bb", says: "neither") == .hostile)
        #expect(
            try refusal("rm -rf .git/packed-refs .git/refs/heads/main; mkfifo .git/packed-refs", says: "plain file") == .hostile)
        #expect(try refusal("mv .git/objects .git/o; ln -s o .git/objects", says: "is not a") == .hostile)
        #expect(try refusal("mkfifo .git/shallow", says: "plain file") == .hostile)
        #expect(try refusal("rm .git/config; mkfifo .git/config", says: "plain file") == .hostile)
    }

    @Test func `borrowed objects, another common directory, grafts and replacements are refused`() throws {
        #expect(try refusal("echo /tmp > .git/objects/info/alternates", says: "borrows") == .unsupported)
        #expect(try refusal("echo ../../other/.git > .git/commondir", says: "commondir") == .unsupported)
        #expect(try refusal("git rev-parse HEAD > .git/info/grafts", says: "grafts") == .unsupported)
        #expect(try refusal("git replace HEAD HEAD^", says: "replace") == .unsupported)
        #expect(try refusal("git rev-parse HEAD > .git/shallow", says: "shallow") == .unsupported)
    }

    @Test func `SHA-256, partial and reftable repositories are named`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/sha256", ["--object-format=sha256"])
            try repository.write("a", "a\n")
            try repository.script("git add -A; git commit -qm one")
            let finished = try pinfoldGit("pack", repository.path, "main")
            #expect(finished.kind == .unsupported)
            #expect(finished.errors.contains("SHA-256"))
        }
        #expect(try refusal("git config remote.origin.promisor true", says: "partial") == .unsupported)
        #expect(try refusal("git config extensions.partialClone origin", says: "partial") == .unsupported)
        #expect(try refusal("git config extensions.refStorage reftable", says: "reftable") == .unsupported)
    }

    @Test func `missing and damaged objects are named`() throws {
        #expect(try refusal("f=$(git rev-parse HEAD:a); rm -f .git/objects/${f:0:2}/${f:2}", says: "missing") == .corrupt)
        #expect(try refusal("f=$(git rev-parse HEAD^); rm -f .git/objects/${f:0:2}/${f:2}", says: "object not found") != nil)
        #expect(
            try refusal("f=$(git rev-parse HEAD:a); f=.git/objects/${f:0:2}/${f:2}; chmod +w $f; echo junk > $f", says: "") != nil)
        #expect(try refusal("f=$(git rev-parse HEAD:a); f=.git/objects/${f:0:2}/${f:2}; chmod +w $f; : > $f", says: "") != nil)
        #expect(
            try refusal(
                "a=$(git rev-parse HEAD:a); b=$(git rev-parse HEAD^:a); cp -f .git/objects/${b:0:2}/${b:2} .git/objects/${a:0:2}/${a:2}",
                says: "")
                != nil)
    }

    @Test func `configuration, attributes and hooks of the repository run nothing and redirect nothing`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            try repository.write("a", "a\n")
            try repository.write(".gitattributes", "* filter=evil diff=evil\n")
            let tip = try repository.commit("one")
            let mark = directory + "/ran"
            try repository.write(
                ".git/config",
                """
                [core]
                    repositoryformatversion = 0
                    fsmonitor = touch \(mark)
                    sshCommand = touch \(mark)
                    worktree = /
                [filter "evil"]
                    clean = touch \(mark)
                    smudge = touch \(mark)
                [include]
                    path = /dev/tty
                [pack]
                    packSizeLimit = 1

                """)
            let file = directory + "/pack"
            try repository.pack(to: file)
            #expect(try GitMirror(path: directory + "/mirror.git").takeIn(file: file).tip == tip)
            #expect(!exists(mark))
        }
    }

    @Test func `a repository that the user may not read is an error`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            try repository.write("a", "a\n")
            try repository.commit()
            try repository.script("chmod 700 .git")
            #expect(try pinfoldGit("pack", repository.path, "main", user: (65534, 65534)).kind != nil)
        }
    }
}
