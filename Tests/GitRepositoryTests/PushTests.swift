import GitRepository
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)))
struct PushTests {
    private struct Setting {
        let mirror: GitMirror
        let repository: TestRepository
        let remote: TestRepository
        let tip: ObjectID
    }

    private func setting(_ directory: String) throws -> Setting {
        let repository = try TestRepository(at: directory + "/repository")
        try repository.write("a", "a\n")
        try repository.commit("one")
        let mirror = try GitMirror(path: directory + "/mirror.git")
        let tip = try mirror.takeIn(repository, in: directory).tip
        return Setting(
            mirror: mirror, repository: repository, remote: try TestRepository(at: directory + "/remote.git", ["--bare"]), tip: tip)
    }

    @Test func `a commit is pushed to a path and to a file address`() throws {
        try withTemporaryDirectory { directory in
            let now = try setting(directory)
            try now.mirror.push(now.tip, branch: "main", to: GitRemote(url: now.remote.path))
            #expect(try now.remote.head("main") == now.tip)
            try now.repository.write("a", "b\n")
            try now.repository.commit("two")
            let next = try now.mirror.takeIn(now.repository, haves: [now.tip], in: directory).tip
            let address = "file://" + now.remote.path
            try pinfoldGit("push", now.mirror.path, next.description, "team/main", address).requireSuccess()
            #expect(try now.remote.head("team/main") == next)
            try now.mirror.push(next, branch: "main", to: GitRemote(url: address))
            // Again: nothing to do is no error.
            try now.mirror.push(next, branch: "main", to: GitRemote(url: address))
            #expect(try now.remote.head("main") == next)
            try now.remote.git("fsck", "--strict")
        }
    }

    @Test func `nothing is overwritten`() throws {
        try withTemporaryDirectory { directory in
            let now = try setting(directory)
            let other = try TestRepository(at: directory + "/other")
            try other.write("other", "other\n")
            let theirs = try other.commit("theirs")
            try other.git("push", "-q", now.remote.path, "main")
            #expect(kind { try now.mirror.push(now.tip, branch: "main", to: GitRemote(url: now.remote.path)) } == .refused)
            #expect(try now.remote.head("main") == theirs)
        }
    }

    @Test func `no configuration but the mirror's own redirects a push`() throws {
        try withTemporaryDirectory { directory in
            let now = try setting(directory)
            let trap = try TestRepository(at: directory + "/trap.git", ["--bare"])
            let configuration = "[url \"\(trap.path)\"]\n\tinsteadOf = \(now.remote.path)\n\tpushInsteadOf = \(now.remote.path)\n"
            try writeFile(directory + "/.gitconfig", configuration)
            try makeDirectories(directory + "/git")
            try writeFile(directory + "/git/config", configuration)
            try now.repository.git("config", "url.\(trap.path).insteadOf", now.remote.path)
            try run(
                Executables.git, ["push", now.mirror.path, now.tip.description, "main", now.remote.path],
                environment: ["HOME": directory, "XDG_CONFIG_HOME": directory, "GIT_CONFIG_GLOBAL": directory + "/.gitconfig"]
            ).requireSuccess()
            #expect(try now.remote.head("main") == now.tip)
            #expect(try trap.git("for-each-ref").isEmpty)
        }
    }

    @Test func `the receiver's hooks do not run and addresses that start programs are refused`() throws {
        try withTemporaryDirectory { directory in
            let now = try setting(directory)
            let mark = directory + "/ran"
            try writeFile(now.remote.path + "/hooks/post-receive", "#!/bin/sh\ntouch \(mark)\n", mode: [.ownerReadWriteExecute])
            try now.mirror.push(now.tip, branch: "main", to: GitRemote(url: now.remote.path))
            #expect(!exists(mark))
            for url in [
                "ext::sh -c 'touch \(mark)'", "http://localhost/x", "git://localhost/x", "-oProxyCommand=touch", "relative/path",
                "",
            ] {
                #expect(kind { try now.mirror.push(now.tip, branch: "main", to: GitRemote(url: url)) } == .unsupported, "\(url)")
            }
            #expect(
                kind { try now.mirror.push(now.tip, branch: "main", to: GitRemote(url: "git@localhost:x.git")) } == .unreachable)
            #expect(kind { try now.mirror.push(now.tip, branch: "../x", to: GitRemote(url: now.remote.path)) } == .notFound)
            #expect(kind { try now.mirror.push(now.tip, branch: "main", to: GitRemote(url: directory + "/absent.git")) } != nil)
            #expect(!exists(mark))
        }
    }

    /// As a push that was killed between two calls leaves it: `mount/checks/killpoints --only push` kills one at each.
    @Test func `what a killed push has left in a directory goes with the next one and what others are making stays`() throws {
        try withTemporaryDirectory { directory in
            let now = try setting(directory)
            let push = ["push", now.mirror.path, now.tip.description, "main", now.remote.path]
            let (lock, other) = (now.remote.path + "/refs/heads/main.lock", now.remote.path + "/refs/heads/theirs.lock")
            let pack = now.remote.path + "/objects/pack/pack_git2_a1b2c3"
            let traces = now.remote.path + "/pinfold-traces"
            // Somebody else's is refused for, and left.
            try writeFile(lock, "")
            #expect(try run(Executables.git, push).status.isSuccess == false)
            #expect(exists(lock) && !exists(traces))
            try makeDirectories(traces)
            try shell("ln '\(lock)' '\(traces)/1'; echo part > '\(pack)'; ln '\(pack)' '\(traces)/2'").requireSuccess()
            try writeFile(other, "")
            try run(Executables.git, push).requireSuccess()
            #expect(try now.remote.head("main") == now.tip)
            #expect(!exists(lock) && !exists(pack) && !exists(traces))
            #expect(exists(other))
        }
    }

    @Test func `what a killed push had finished is not taken back`() throws {
        try withTemporaryDirectory { directory in
            let now = try setting(directory)
            try pinfoldGit("push", now.mirror.path, now.tip.description, "main", now.remote.path).requireSuccess()
            let traces = now.remote.path + "/pinfold-traces"
            try makeDirectories(traces)
            try shell("ln '\(now.remote.path)/refs/heads/main' '\(traces)/1'").requireSuccess()
            try GitRemote(url: now.remote.path).clearAfterPush()
            #expect(!exists(traces))
            #expect(try now.remote.head("main") == now.tip)
            try now.remote.git("fsck", "--strict")
        }
    }
}
