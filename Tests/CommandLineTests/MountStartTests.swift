import Foundation
import LinuxSystem
import TestSupport
import Testing

/// What a start that does not come to its end leaves behind, and two of them at once.
@Suite(.timeLimit(.minutes(10)))
struct MountStartTests {
    /// An installation whose settings are all in its file, as on a server.
    private func inFile(_ installation: Installation) throws -> String {
        try installation.makeZones()
        try shell("mkdir -p -m 700 '\(installation.audit)'").requireSuccess()
        let text = installation.environment.filter { $0.key != "AGENT_CODE_SOURCE" }.map { "\($0.key)=\($0.value)\n" }.sorted()
            .joined()
        try writeFile(installation.file, text)
        return text
    }

    private func pinfold(_ installation: Installation, _ arguments: String...) throws -> Finished {
        try run(Executables.pinfold, arguments + ["--config", installation.file], workingDirectory: "/")
    }

    /// What is in `/run/pinfold` of this view, but for the locks, which stay. Other views come and go meanwhile, so no directory of
    /// theirs is walked.
    private func left(_ installation: Installation) throws -> [String] {
        let runtime = MountRuntime(mountpoint: installation.mountpoint)
        let top = try FileManager.default.contentsOfDirectory(atPath: MountRuntime.directory)
        return top.filter { $0.contains(runtime.name) && !$0.hasSuffix(".lock") && !$0.hasSuffix(".start") }
            + [runtime.entrance, runtime.feed].filter(exists)
    }

    /// Starts `pinfold mount` and comes back when the gateway's process is there, which waits as long as the record is locked.
    private func begun(_ installation: Installation, _ words: [String]) async throws -> ChildProcess {
        let child = try ChildProcess(
            .init(
                Executables.pinfold, ["mount", "--config", installation.file] + words, environment: mergedEnvironment([:]),
                workingDirectory: "/", descriptors: [:]))
        try await eventually("the gateway has the mountpoint") { exists(MountRuntime(mountpoint: installation.mountpoint).audit) }
        return child
    }

    private func release(_ lock: consuming MountLock) {}

    @Test func `one that fails for want of room is no view that has died, and ends with 1`() throws {
        try Installation.with { installation in
            let right = try inFile(installation)
            let disk = "mount -t tmpfs -o mode=700,size=64k none '\(installation.audit)'"
            try shell("\(disk); ! head -c 1M /dev/zero >'\(installation.audit)/fill'").requireSuccess()
            defer { _ = try? run("umount", ["--lazy", installation.audit]) }
            for words in [["mount"], ["mount", "--foreground"]] {
                let failed = try run(Executables.pinfold, words + ["--config", installation.file], workingDirectory: "/")
                #expect(failed.status == .exited(1) && failed.errors.contains("No space left on device"), "\(failed)")
                #expect(failed.errors.contains(installation.audit) && !failed.errors.contains("--audit"), "\(failed)")
                #expect(try left(installation).isEmpty)
            }
            // With a configuration that has gone wrong there is nothing that could be meant.
            try writeFile(installation.file, right + "AGENT_NETWORK=bridge\n")
            #expect(try pinfold(installation, "mount").status == .exited(2))
            #expect(try installation.planes().isEmpty)
            try writeFile(installation.file, right)
            try run("rm", [installation.audit + "/fill"]).requireSuccess()
            try pinfold(installation, "mount").requireSuccess()
            #expect(exists(MountRuntime(mountpoint: installation.mountpoint).settings))
            try pinfold(installation, "umount").requireSuccess()
            #expect(!exists(MountRuntime(mountpoint: installation.mountpoint).settings))
        }
    }

    @Test(arguments: [(["--foreground"], Signal.terminate, Int32(0)), ([], .interrupt, 130), ([], .terminate, 143)])
    func `one that is told to stop before the view answers leaves none`(_ words: [String], _ signal: Signal, _ code: Int32)
        async throws
    {
        try await withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            defer { _ = try? run(Executables.pinfold, ["umount", "--lazy", installation.mountpoint]) }
            _ = try inFile(installation)
            let record = try MountLock(path: installation.audit + "/lock")
            let child = try await begun(installation, words)
            // It waits to be kept, and is not yet.
            #expect(try !exists(MountRuntime(mountpoint: installation.mountpoint).settings) && !left(installation).isEmpty)
            try child.signal(signal.rawValue)
            release(record)
            #expect(try child.ends(withinMilliseconds: 30_000))
            #expect(try child.wait() == .exited(code))
            #expect(try installation.planes().isEmpty)
            #expect(try left(installation).isEmpty)
        }
    }

    @Test func `while another one prepares, nothing is done`() throws {
        try Installation.with { installation in
            _ = try inFile(installation)
            let other = try MountLock(path: MountRuntime(mountpoint: installation.mountpoint).start)
            let refused = try pinfold(installation, "mount")
            #expect(refused.status == .exited(2) && refused.complaint?.contains("is mounting a view there") == true, "\(refused)")
            #expect(try left(installation).isEmpty)
            release(other)
            try pinfold(installation, "mount").requireSuccess()
        }
    }

    @Test(arguments: [[], ["--foreground"]])
    func `of two at once the second says who is first, and takes nothing of its away`(_ words: [String]) async throws {
        try await withTemporaryDirectory { directory in
            let installation = try Installation(directory)
            defer { _ = try? run(Executables.pinfold, ["umount", "--lazy", installation.mountpoint]) }
            _ = try inFile(installation)
            let record = try MountLock(path: installation.audit + "/lock")
            let first = try await begun(installation, words)
            let before = try left(installation)
            for words in [["mount"], ["mount", "--foreground"]] {
                let second = try run(Executables.pinfold, words + ["--config", installation.file], workingDirectory: "/")
                #expect(second.status == .exited(2), "\(second)")
                #expect(second.complaint?.contains("\(installation.mountpoint) is in use: process ") == true, "\(second)")
                #expect(try left(installation) == before)
            }
            release(record)
            let names = MountRuntime(mountpoint: installation.mountpoint)
            try await eventually("the first one's view is served") { exists(names.settings) }
            #expect(try installation.planes().count == 3)
            if words.isEmpty {
                #expect(try first.wait() == .exited(0))
                #expect(exists(names.log))
            }
            try pinfold(installation, "umount").requireSuccess()
            #expect(!exists(names.settings))
        }
    }
}

extension Installation {
    fileprivate var audit: String { data + "/deployments/audit" }
}
