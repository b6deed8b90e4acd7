import GitRepository
import TestSupport
import Testing

/// What a killed process leaves in the mirror does not stop the next one.
@Suite(.timeLimit(.minutes(10)))
struct LeftoverTests {
    private func mirror(_ directory: String) throws -> (repository: TestRepository, path: String) {
        let repository = try TestRepository(at: directory + "/repository")
        try repository.write("a", "1\n")
        try repository.commit()
        let path = directory + "/mirror.git"
        let mirror = try GitMirror(path: path)
        try mirror.markSeen(mirror.takeIn(repository, in: directory).tip)
        return (repository, path)
    }

    @Test func `locks of every kind and half of a pack are gone when the mirror is opened`() throws {
        try withTemporaryDirectory { directory in
            let (repository, path) = try mirror(directory)
            let seen = try repository.head()
            let planted = [
                "HEAD.lock", "config.lock", "index.lock", "packed-refs.lock", "shallow.lock", "refs/pinfold/latest.lock",
                "refs/pinfold/seen/\(seen).lock", "refs/heads/main.lock", "refs/pinfold/push/x.lock", "logs/HEAD.lock",
                "objects/pack/pack_git2_a1b2c3", "objects/pack/pack_git2_a1b2c3.idx.lock", "objects/pack/tmp_pack_a1b2c3",
                "objects/pack/pack-0123456789012345678901234567890123456789.pack", "objects/ab/tmp_object_git2_a1b2c3",
                "incoming-1/pack_git2_a1b2c3", "incoming-1/deeper/x", "left-out.lock",
            ]
            for name in planted {
                let file = path + "/" + name
                try makeDirectories(String(file[..<(file.lastIndex(of: "/") ?? file.startIndex)]))
                try writeFile(file, "")
            }
            let again = try GitMirror(path: path)
            for name in planted { #expect(!exists(path + "/" + name), "\(name)") }
            try repository.write("a", "2\n")
            let tip = try repository.commit()
            #expect(try again.takeIn(repository, haves: [seen], in: directory).tip == tip)
            try again.markSeen(tip)
            try again.forget(seen)
            #expect(try again.latest() == tip)
            try again.verify()
        }
    }

    @Test func `a name that the power going out has emptied is made anew`() throws {
        try withTemporaryDirectory { directory in
            let (repository, path) = try mirror(directory)
            let tip = try repository.head()
            for name in ["latest", "seen/\(tip)"] { try writeFile(path + "/refs/pinfold/" + name, "") }
            let again = try GitMirror(path: path)
            #expect(try again.latest() == nil)
            try again.markSeen(tip)
            #expect(try again.latest() == tip)
        }
    }

    @Test func `while a push is at work nothing of its is removed`() throws {
        try withTemporaryDirectory { directory in
            let (_, path) = try mirror(directory)
            let lock = path + "/refs/pinfold/latest.lock"
            try writeFile(lock, "")
            do {
                let pushing = try GitMirror(forPushing: path)
                #expect(kind { _ = try GitMirror(path: path) } == .notReady)
                #expect(exists(lock))
                _ = pushing
            }
            _ = try GitMirror(path: path)
            #expect(!exists(lock))
        }
    }

    @Test func `a mirror that was made in half is made whole`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/mirror.git"
            try makeDirectories(path + "/objects")
            try makeDirectories(path + ".new/refs")
            let repository = try TestRepository(at: directory + "/repository")
            try repository.write("a", "1\n")
            let tip = try repository.commit()
            #expect(try GitMirror(path: path).takeIn(repository, in: directory).tip == tip)
            #expect(!exists(path + ".new"))
        }
    }
}
