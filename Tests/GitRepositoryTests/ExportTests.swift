import GitRepository
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct ExportTests {
    private func mirrored(_ directory: String, _ script: String) throws -> (
        mirror: GitMirror, tip: ObjectID, repository: TestRepository
    ) {
        let repository = try TestRepository(at: directory + "/repository")
        try repository.script(script + "\ngit add -A; git commit -qm one")
        let mirror = try GitMirror(path: directory + "/mirror.git")
        return (mirror, try mirror.takeIn(repository, in: directory).tip, repository)
    }

    @Test func `an export is what git archive makes, with plain modes`() throws {
        try withTemporaryDirectory { directory in
            let (mirror, tip, repository) = try mirrored(
                directory,
                """
                for i in $(seq 700); do mkdir -p d$((i % 9))/e$((i % 4)); echo "text $i" > d$((i % 9))/e$((i % 4))/f$i; done
                echo '#!/bin/sh' > run; chmod 775 run; : > empty; head -c 300000 /dev/urandom > random; ln -s d1/e1 link; ln -s ../run d1/up
                printf 'a\\r\\nb\\r\\n' > crlf.txt; echo '* text=auto eol=crlf' > .gitattributes
                """)
            let files = try mirror.export(tip, to: directory + "/tree")
            #expect(files.files == 707)
            #expect(files.tree == (try repository.head("HEAD^{tree}")))
            try repository.script(
                "git -c core.attributesFile=/dev/null archive --format=tar HEAD | tar -x -C $(mktemp -d -p \(directory) plain.XXXX)"
            )
            // `archive` obeys the attributes; the committed bytes are what an export holds.
            #expect(try readBytes(directory + "/tree/crlf.txt") == Array(repository.git("show", "HEAD:crlf.txt").utf8) + [10])
            #expect(
                try shell("cd \(directory) && diff -r --no-dereference --exclude=crlf.txt --exclude=.git repository tree")
                    .requireSuccess().isEmpty)
            #expect(
                try shell("find \(directory)/tree -type f -printf '%m\\n' | sort | uniq -c | tr -s ' '").requireSuccess()
                    == " 704 644\n 1 755\n")
            #expect(try shell("find \(directory)/tree -type d ! -perm 755").requireSuccess().isEmpty)
            #expect(try mirror.files(of: tip).count == 707)
        }
    }

    @Test func `an existing directory is not written into`() throws {
        try withTemporaryDirectory { directory in
            let (mirror, tip, _) = try mirrored(directory, "echo a > a")
            try makeDirectories(directory + "/tree")
            #expect(kind { _ = try mirror.export(tip, to: directory + "/tree") } == .system)
            #expect(kind { _ = try mirror.export(tip, to: directory + "/absent/tree") } == .notFound)
        }
    }

    @Test(arguments: [
        "ln -s /etc/passwd x", "ln -s .. x", "ln -s ../x x", "mkdir -p a/b; ln -s ../../.. a/b/x", "ln -s x x",
        "ln -s y x; ln -s x y",
        // The names alone stay inside; the way does not.
        "mkdir -p a/b/c; ln -s ../../.. a/b/c/top; ln -s a/b/c/top/../secret x",
        "mkdir a; ln -s ../a a/self; ln -s a/self/../../x x",
    ])
    func `a symbolic link that leads out is refused before anything is written`(script: String) throws {
        try withTemporaryDirectory { directory in
            let (mirror, tip, _) = try mirrored(directory, script)
            #expect(kind { _ = try mirror.export(tip, to: directory + "/tree") } == .hostile)
            #expect(!exists(directory + "/tree"))
        }
    }

    @Test(arguments: [
        "ln -s a x", "ln -s absent x", "mkdir -p a/b; ln -s ../c a/b/x", "mkdir -p a/b/c; ln -s ../.. a/b/c/up; ln -s a/b/c/up/z x",
        "ln -s . x",
    ])
    func `a symbolic link that stays inside is kept as it is`(script: String) throws {
        try withTemporaryDirectory { directory in
            let (mirror, tip, repository) = try mirrored(directory, script)
            _ = try mirror.export(tip, to: directory + "/tree")
            let list = "find . -path ./.git -prune -o -type l -printf '%p %l\\n' | sort"
            #expect(try shell(list, workingDirectory: directory + "/tree").requireSuccess() == repository.script(list) + "\n")
        }
    }

    @Test func `a file where a symbolic link could send it stays in the tree`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            // `a` is a link, and `a/b` a file: two entries of one name, which no tree that is taken in holds.
            let target = try repository.blob(directory + "/outside")
            let inner = try repository.tree(("100644", "b", repository.blob("x\n")))
            let tip = try repository.commitTree(repository.tree(("120000", "a", target), ("40000", "a", inner)))
            #expect(try pinfoldGit("pack", repository.path, tip.description).kind == .hostile)
        }
    }

    @Test func `submodules are empty directories, and nothing is fetched`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            let module = try repository.blob("[submodule \"m\"]\n\tpath = m\n\turl = \(directory)/elsewhere\n")
            let commit = try #require(ObjectID("1234567890123456789012345678901234567890"))
            let tip = try repository.commitTree(repository.tree(("100644", ".gitmodules", module), ("160000", "m", commit)))
            let mirror = try GitMirror(path: directory + "/mirror.git")
            try mirror.takeIn(repository, in: directory)
            _ = try mirror.export(tip, to: directory + "/tree")
            #expect(try shell("ls -A \(directory)/tree/m").requireSuccess().isEmpty)
        }
    }

    @Test func `limits on bytes, entries and depth of a tree hold`() throws {
        try withTemporaryDirectory { directory in
            let (mirror, tip, _) = try mirrored(directory, "mkdir -p a/b/c/d; for i in $(seq 30); do echo $i > a/b/c/d/$i; done")
            var limits = IntakeLimits()
            limits.treeBytes = 20
            #expect(kind { _ = try mirror.export(tip, to: directory + "/tree", limits: limits) } == .tooLarge)
            limits = IntakeLimits()
            limits.treeEntries = 20
            #expect(kind { _ = try mirror.export(tip, to: directory + "/tree", limits: limits) } == .tooLarge)
            limits = IntakeLimits()
            limits.depth = 4
            #expect(kind { _ = try mirror.export(tip, to: directory + "/tree", limits: limits) } == .tooLarge)
            #expect(!exists(directory + "/tree"))
        }
    }

    @Test func `a tree without objects in the mirror is an error that names it`() throws {
        try withTemporaryDirectory { directory in
            let (mirror, _, _) = try mirrored(directory, "echo a > a")
            let absent = try #require(ObjectID("1234567890123456789012345678901234567890"))
            #expect(kind { _ = try mirror.export(absent, to: directory + "/tree") } == .corrupt)
            #expect(try !mirror.contains(absent))
        }
    }
}
