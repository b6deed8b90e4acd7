import GitRepository
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct TakeInTests {
    /// Six thousand files and a history whose objects git keeps as chains of deltas.
    private func bigRepository(_ directory: String) throws -> TestRepository {
        let repository = try TestRepository(at: directory + "/big")
        try repository.script(
            """
            for d in $(seq 60); do
              mkdir -p d$d/e
              for f in $(seq 100); do echo "file $f of $d $RANDOM$RANDOM" > d$d/e/f$f.txt; done
            done
            seq 20000 > long.txt
            head -c 3000000 /dev/urandom > random.bin
            git add -A; git commit -qm base
            for i in $(seq 40); do
              sed -i "$((i * 300))s/.*/changed in $i/" long.txt; echo $i >> d$((i % 60 + 1))/e/f7.txt; git commit -qam "change $i"
            done
            git revert --no-edit HEAD~3 >/dev/null
            git gc -q
            """)
        return repository
    }

    @Test func `thousands of objects arrive whole, whatever the parts in which they come`() throws {
        try withTemporaryDirectory { directory in
            let repository = try bigRepository(directory)
            let file = directory + "/pack"
            try repository.pack(to: file)
            let tip = try repository.head()
            let expected = try repository.git("rev-list", "--objects", "main").split(separator: "\n").map { String($0.prefix(40)) }
            #expect(expected.count > 5000)
            for (number, script) in [
                "cat \(file)", "dd if=\(file) bs=977 status=none", "dd if=\(file) bs=65537 status=none",
                "head -c 61 \(file); tail -c +62 \(file) | head -c 1; sleep 0.2; tail -c +63 \(file) | dd bs=4096 status=none",
            ].enumerated() {
                let mirror = try GitMirror(path: "\(directory)/mirror\(number).git")
                let taken = try mirror.takeIn(script: script)
                #expect(taken.tip == tip)
                #expect(taken.objects == expected.count)
                #expect(taken.packBytes > 3_000_000)
                try mirror.markSeen(tip)
                try mirror.verify()
                let arrived = try run("git", ["--git-dir", mirror.path, "rev-list", "--objects", tip.description]).requireSuccess()
                #expect(arrived.split(separator: "\n").map { String($0.prefix(40)) }.sorted() == expected.sorted())
            }
        }
    }

    @Test func `what is handed over is a pack that git accepts`() throws {
        try withTemporaryDirectory { directory in
            let repository = try bigRepository(directory)
            let file = directory + "/pack"
            try repository.pack(to: file)
            try run("git", ["init", "-q", "--bare", directory + "/other.git"]).requireSuccess()
            try shell("tail -n +2 \(file) | git --git-dir \(directory)/other.git index-pack --strict --stdin").requireSuccess()
        }
    }

    @Test func `only what is new is handed over the next time`() throws {
        try withTemporaryDirectory { directory in
            let repository = try bigRepository(directory)
            let mirror = try GitMirror(path: directory + "/mirror.git")
            let first = try mirror.takeIn(repository, in: directory)
            try mirror.markSeen(first.tip)
            try repository.write("d1/e/f1.txt", "new\n")
            let tip = try repository.commit("one file")
            let second = try mirror.takeIn(repository, haves: [first.tip], in: directory)
            #expect(second.tip == tip)
            // The commit, three trees, a file.
            #expect(second.objects == 5)
            #expect(
                try mirror.takeIn(repository, haves: [tip], in: directory) == mirror.takeIn(repository, haves: [tip], in: directory)
            )
            try mirror.markSeen(tip)
            #expect(try mirror.latest() == tip)
            #expect(try Set(mirror.seen()) == [first.tip, tip])
            try mirror.verify()
        }
    }

    @Test func `merges, reverts, old branches and rewritten history arrive whole`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            try repository.script(
                """
                for i in $(seq 10); do mkdir -p d$i; seq $i 99 > d$i/f; done; git add -A; git commit -qm base
                git switch -q -c old; echo old > old; git add -A; git commit -qm old; git switch -q main
                for i in $(seq 5); do echo $i > d$i/f; git commit -qam "c$i"; done
                """)
            let mirror = try GitMirror(path: directory + "/mirror.git")
            var known = try mirror.takeIn(repository, in: directory).tip
            for step in [
                "git merge -q old -m merged", "git revert --no-edit -m 1 HEAD >/dev/null", "git mv d3 moved; git commit -qm moved",
                "git reset -q --hard HEAD~2; echo other > d9/f; git commit -qam rewritten", "git commit -q --amend -m amended",
                "git switch -q --orphan fresh; echo x > x; git add x; git commit -qm fresh; git branch -qf main; git switch -q main",
            ] {
                try repository.script(step)
                let taken = try mirror.takeIn(repository, haves: [known], in: directory)
                #expect(try taken.tip == repository.head("main"))
                try mirror.markSeen(taken.tip)
                try mirror.verify()
                known = taken.tip
            }
        }
    }

    @Test func `a have that a gc has removed here is no hindrance`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            try repository.write("a", "a\n")
            let first = try repository.commit()
            let mirror = try GitMirror(path: directory + "/mirror.git")
            try mirror.takeIn(repository, in: directory)
            try repository.script("git commit -q --amend -m other; git reflog expire --expire=now --all; git gc -q --prune=now")
            let taken = try mirror.takeIn(repository, haves: [first], in: directory)
            #expect(try taken.tip == repository.head())
            #expect(try !mirror.isAncestor(first, of: taken.tip))
        }
    }

    @Test func `a gc in the middle of many hand-overs disturbs none`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            try repository.script("for i in $(seq 50); do echo $i > f$i; git add -A; git commit -qm $i; done")
            let work = Work("for i in $(seq 8); do git gc -q; git repack -qadf; done; touch \(directory)/done", in: repository.path)
            var count = 0
            while !exists(directory + "/done") || count == 0 {
                let file = "\(directory)/pack\(count)"
                // A pack that vanishes under the reader is an error of that attempt; the next one succeeds.
                var attempts = 0
                while true {
                    do {
                        try repository.pack(to: file)
                        break
                    } catch {
                        attempts += 1
                        guard attempts < 20 else { throw error }
                    }
                }
                let mirror = try GitMirror(path: "\(directory)/mirror\(count).git")
                #expect(try mirror.takeIn(file: file).tip == repository.head())
                count += 1
            }
            work.wait()
        }
    }

    @Test func `many small packs become one`() throws {
        try withTemporaryDirectory { directory in
            let repository = try TestRepository(at: directory + "/repository")
            let mirror = try GitMirror(path: directory + "/mirror.git")
            var known: [ObjectID] = []
            for number in 0..<60 {
                try repository.write("f", "\(number)\n")
                try repository.commit()
                known = [try mirror.takeIn(repository, haves: known, in: directory).tip]
                try mirror.markSeen(known[0])
            }
            let packs = try shell("ls \(mirror.path)/objects/pack/*.pack | wc -l").requireSuccess()
            #expect((Int(packs.trimmingEnd) ?? 99) < 40)
            #expect(try mirror.commits(from: nil, to: known[0], limit: 100).count == 60)
            try mirror.verify()
        }
    }

    @Test func `what an interrupted take-in left is removed when the mirror is opened`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/mirror.git"
            _ = try GitMirror(path: path)
            try makeDirectories(path + "/incoming-1")
            try writeFile(path + "/incoming-1/pack_12.tmp", "half")
            _ = try GitMirror(path: path)
            #expect(!exists(path + "/incoming-1"))
        }
    }
}
