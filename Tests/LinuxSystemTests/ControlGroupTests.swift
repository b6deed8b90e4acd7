import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10)), .serialized)
struct `A control group` {
    private static let limit: UInt64 = 128 << 20

    @Test func `is whole for its owner however many are made and removed beside it`() throws {
        let shared = "test-\(getpid())-many"
        let threads = try (0..<4).map { number in
            try Pending("many") {
                for _ in 0..<60 {
                    do {
                        let group = try ControlGroup(
                            "test", sharing: number < 2 ? shared : nil, limits: .init(memoryBytes: Self.limit, processes: 50))
                        guard try ChildProcess(.init("/bin/true"), in: group).wait().isSuccess else { return "it failed" }
                    } catch {
                        return "\(error)"
                    }
                }
                return ""
            }
        }
        #expect(threads.map(\.value) == ["", "", "", ""])
    }

    @Test func `ends all that is in it, and is gone afterwards`() throws {
        var paths: [String] = []
        do {
            let group = try ControlGroup("test", limits: .init(memoryBytes: Self.limit, processes: 50))
            paths = group.paths
            #expect(!paths.isEmpty && paths.allSatisfy { exists($0) })
            #expect(group.bounds.isSuperset(of: [.memory, .processes]))
            let child = try ChildProcess(.init("/bin/sh", ["-c", "setsid sleep 500 & setsid sleep 500 & wait"]), in: group)
            try eventually("three run in it") { try readFile(paths[0] + "/cgroup.procs").split(separator: "\n").count == 3 }
            group.kill()
            #expect(try child.wait() == .signaled(SIGKILL))
            try eventually("none is left") { try readFile(paths[0] + "/cgroup.procs").isEmpty }
        }
        #expect(paths.allSatisfy { !exists($0) })
    }

    @Test func `starts a program as outside: descriptors, directory, signals, and the error where there is none`() throws {
        let group = try ControlGroup("test", limits: .init(processes: 50))
        let output = Descriptor(owning: try check { unsafe pinfold_memfd_create("output") })
        let child = try ChildProcess(
            .init(
                "sh", ["-c", "pwd; echo $A; ls -l /proc/self/fd | wc -l; grep SigBlk /proc/self/status"],
                environment: ["A=b", "PATH=/usr/bin:/bin"],
                workingDirectory: "/usr", descriptors: [1: output.rawValue]), in: group)
        #expect(try child.wait() == .exited(0))
        // Three, and the listing's own.
        #expect(try readFile("/proc/self/fd/\(output.rawValue)") == "/usr\nb\n5\nSigBlk:\t0000000000000000\n")
        let missing = #expect(throws: Errno.self) { _ = try ChildProcess(.init("/no/such/program"), in: group) }
        #expect(missing == .noSuchFileOrDirectory)
    }

    @Test func `of an owner that was killed is removed with what runs in it, one that has an owner is not`() throws {
        let owned = try ControlGroup("test", limits: .init(memoryBytes: Self.limit))
        let places = owned.paths.map { String($0[..<($0.lastIndex(of: "/") ?? $0.startIndex)]) }
        let left = places.map { $0 + "/pinfold+left-1-1" }
        for path in left { try run("mkdir", [path]).requireSuccess() }
        let child = try ChildProcess(.init("sleep", ["500"]))
        for path in left { try writeFile(path + "/cgroup.procs", "\(child.pid)") }
        let next = try ControlGroup("test", limits: .init(memoryBytes: Self.limit))
        #expect(left.allSatisfy { !exists($0) })
        #expect(try child.wait() == .signaled(SIGKILL))
        #expect(owned.paths.allSatisfy { exists($0) })
        withExtendedLifetime((owned, next)) {}
    }
}
