import CLinux
import DeployModel
import DeployService
import DeploySteps
import TestSupport
import Testing

/// What a running server still uses is kept, however old.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct InUseTests {
    /// Shell scripts that use the release `$1` in one way each, and then say so in `$2` and stay.
    private static let ways = [
        "cd \"$1\"/lib && touch \"$2\" && exec sleep 600",
        "exec 7< \"$1\"/shared; touch \"$2\"; exec sleep 600",
        "touch \"$2\"; exec \"$1\"/program 600",
        // A mapped file whose descriptor is closed, and which every release has.
        "exec python3 -c 'import mmap,sys,time; f=open(sys.argv[1]+\"/shared\"); m=mmap.mmap(f.fileno(),0,prot=mmap.PROT_READ); f.close(); open(sys.argv[2],\"w\"); time.sleep(600)' \"$1\" \"$2\"",
        // In a mount namespace of its own, where the release has another name.
        "exec unshare -m sh -c 'mount --bind \"$1\" /mnt && exec 7< /mnt/shared && touch \"$2\" && exec sleep 600' - \"$1\" \"$2\"",
        // With it for a root directory; the touch is by a descriptor from before.
        "exec 8> \"$2.part\"; exec python3 -c 'import os,sys,time; os.chroot(sys.argv[1]); os.rename; os.write(8,b\"x\"); time.sleep(600)' \"$1\"",
    ]

    @Test func `a release that a process works in, runs, maps or has open is not pruned, and goes when that has ended`()
        async throws
    {
        try await withFarm({ $0.settings.versions.keep = 1 }) { farm, service in
            var servers: [Int32] = []
            // What is started lives on beside the shell that says its number.
            let start = "sh -c \"$1\" - \"$2\" \"$3\" >/dev/null 2>&1 & echo $!"
            defer { for server in servers { _ = kill(server, SIGKILL) } }
            var used: [String] = []
            try farm.agent("mkdir lib; echo x > lib/x; echo shared > shared; cp /bin/sleep program")
            for (number, way) in Self.ways.enumerated() {
                let commit = try farm.commit(["version": "\(number)"])
                let release = try #require(try await service.deployed(commit).release)
                let mark = farm.root + "/uses-\(number)"
                let said = try run("/bin/sh", ["-c", start, "-", way, release, mark]).requireSuccess()
                servers.append(try #require(Int32(said.prefix { $0 != "\n" })))
                try await eventually("way \(number) is in use") { exists(mark) || (status(mark + ".part")?.st_size ?? 0) > 0 }
                used.append(release)
            }
            try await service.deployed(farm.commit(["version": "last"]))
            try await service.deployed(farm.commit(["version": "very last"]))
            // The one before is pruned in the same look that keeps the others.
            try await eventually("the unused one is pruned") {
                try run("ls", [farm.deployments + "/releases"]).output.split(separator: "\n").count == used.count + 1
            }
            for (release, way) in zip(used, Self.ways) { #expect(exists(release + "/lib/x"), "\(way)") }
            for server in servers { _ = kill(server, SIGKILL) }
            servers = []
            try await service.deployed(farm.commit(["version": "after"]))
            try await eventually("all are pruned") {
                try run("ls", [farm.deployments + "/releases"]).output.split(separator: "\n").count == 1
            }
        }
    }
}
