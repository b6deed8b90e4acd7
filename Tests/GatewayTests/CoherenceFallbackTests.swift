import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// Filesystems whose changes nobody reports.
@Suite(.serialized, .timeLimit(.minutes(10))) struct `Without reports of changes` {
    @Test func `a change on an overlay is seen after a moment`() async throws {
        func overlay(_ source: String) throws {
            // An overlay's upper layer may not be on an overlay itself, which a container's disk often is.
            let layers = source + ".layers"
            try makeDirectories(layers)
            try shell("mount -t tmpfs tmpfs \(layers)").requireSuccess()
            for directory in ["lower/data/sandbox", "lower/data/code-repo", "upper", "work"] {
                try makeDirectories("\(layers)/\(directory)")
            }
            try writeFile(layers + "/lower/file", "0")
            try shell(
                "mount -t overlay overlay -o lowerdir=\(layers)/lower,upperdir=\(layers)/upper,workdir=\(layers)/work \(source)"
            )
            .requireSuccess()
        }
        try await withGateway(.init(), prepare: overlay) { served in
            guard case .unwatched(let reason) = Watchability.of(path: served.source) else {
                Issue.record("an overlay counts as watched")
                return
            }
            // An older kernel has nothing watched, whatever it is.
            #expect(reason.contains("overlayfs") || KernelVersion.running < KernelVersion(6, 16))
            for round in 0..<4 {
                _ = try? readFile(served.view + "/file")
                _ = exists(served.view + "/new-\(round)")
                try replaceFile(served.source + "/file", "version \(round)")
                try writeFile(served.source + "/new-\(round)", "")
                try await eventually("round \(round)") {
                    (try? readFile(served.view + "/file")) == "version \(round)" && exists(served.view + "/new-\(round)")
                }
            }
        }
    }

    @Test func `leaving long lifetimes off gives the same bytes`() async throws {
        try await withGateway(.init(without: ["long-lifetimes"])) { served in
            for round in 0..<4 {
                try replaceFile(served.source + "/file", "version \(round)")
                try await eventually("round \(round)") { (try? readFile(served.view + "/file")) == "version \(round)" }
            }
        }
    }

    @Test func `a disk's changes are reported`() throws {
        try withTemporaryDirectory { base in
            // Whatever the machine has below /var/tmp: the answer names what is missing.
            switch Watchability.of(path: base) {
            case .watched: break
            case .unwatched(let reason): #expect(!reason.isEmpty)
            }
            guard case .unwatched = Watchability.of(try Descriptor.open(base, [.readOnly]), kernel: KernelVersion(6, 1)) else {
                Issue.record("an old kernel counts as watched")
                return
            }
        }
        #expect(Watchability.of(path: "/nonexistent") != .watched)
        #expect(KernelVersion(release: "6.18.44-fc") == KernelVersion(6, 18))
        #expect(KernelVersion(release: "6.1") < KernelVersion(6, 16))
        #expect(KernelVersion(release: "x") == KernelVersion(0, 0))
    }
}
