import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// What a file system says of projects, on one that has them and enforces no quota by them; `mount/checks/quota` tries one that does.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ProjectQuotaTests {
    @Test func `what is made in a directory of a project is of it, and nothing else comes in`() throws {
        try withProjects { disk in
            try shell("mkdir top top/inner outside; echo x > top/file; echo x > outside/file", workingDirectory: disk)
                .requireSuccess()
            let top = try Descriptor.open(disk + "/top", [.readOnly, .directory])
            let before = try top.project()
            #expect(before.number == 0 && !before.isInherited)
            #expect(try ProjectQuota.ownProject(of: top) == nil)
            #expect(try top.join(4711, isDirectory: true))
            #expect(try !top.join(4711, isDirectory: true))
            #expect(try ProjectQuota.ownProject(of: top) == 4711)
            try shell("mkdir -p top/new/deep; echo x > top/new/file", workingDirectory: disk).requireSuccess()
            let deep = try Descriptor.open(disk + "/top/new/deep", [.readOnly, .directory])
            let made = try deep.project()
            #expect(made.number == 4711 && made.isInherited)
            // The directory above is of the same: a limit would be for both.
            #expect(try ProjectQuota.ownProject(of: deep) == nil)
            #expect(try Descriptor.open(disk + "/top/new/file", .readOnly).project().number == 4711)
            // What was there before stays what it was, and what it is may come in.
            let file = try Descriptor.open(disk + "/top/file", .readOnly)
            #expect(try file.project().number == 0)
            #expect(try file.join(4711, isDirectory: false) && !file.join(4711, isDirectory: false))
            for words in [["ln", "outside/file", "top/linked"], ["mv", "-T", "outside", "top/outside"]] {
                let program = "import os, sys; {'ln': os.link, 'mv': os.rename}[sys.argv[1]](sys.argv[-2], sys.argv[-1])"
                let refused = try run("/usr/bin/python3", ["-I", "-c", program] + words, workingDirectory: disk)
                #expect(refused.errors.contains("Invalid cross-device link"), "\(refused)")
            }
        }
    }

    @Test func `a quota that nobody enforces is said to be none`() throws {
        let limits = ProjectQuota.Limits(bytes: 1 << 30, inodes: nil)
        try withProjects { disk in
            let place = try Descriptor.open(disk, [.path, .directory])
            #expect(ProjectQuota.obstacle(at: place, limits) == "is on a file system that enforces no quota by project")
        }
        let memory = try Descriptor.open("/dev/shm", [.path, .directory])
        #expect(ProjectQuota.obstacle(at: memory, limits) == "is on a file system that enforces no quota by project")
        #expect(throws: Errno.self) { try Descriptor.open("/proc", [.readOnly, .directory]).project() }
    }

    @Test func `limits are what a quota can say, and never more than was asked for`() {
        #expect(ProjectQuota.Limits(bytes: 2047, inodes: 3).bytes == 1024)
        #expect(ProjectQuota.Limits(bytes: 1, inodes: nil).bytes == 1024)
        #expect(ProjectQuota.Limits(bytes: 10 << 30, inodes: nil) == ProjectQuota.Limits(bytes: 10 << 30, inodes: nil))
    }

    private func withProjects(_ body: (String) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            try shell(
                "truncate -s 400M image; mkfs.xfs -q image; mkdir disk; mount -o loop image disk",
                workingDirectory: directory
            ).requireSuccess()
            defer { _ = try? shell("umount -l disk", workingDirectory: directory) }
            try body(directory + "/disk")
        }
    }
}
