import CLinux
@testable import GatewayFileSystem
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// A view of several filesystems, which have one device number in it: a file is known by its inode number alone. Docs/Semantics.md, S-1.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ViewFileSystemsTests {
    /// Every root of theirs has the same number on the disk, and so have the files in them.
    private static let mounting = """
        mkdir -p one two files && echo x > files/x
        mount -t tmpfs none one; mkdir one/inner one/d; mount -t tmpfs none one/inner; mkdir -p one/inner/d/e; mount -t tmpfs none two
        echo one > one/f; echo two > two/f; echo inner > one/inner/d/g; ln one/f one/l; mkdir two/d; mkdir again; mount --bind one again
        """
    private static let unmounting = "umount again one/inner one two"

    /// Paths by what `man 2 lstat` calls the same file, in an order that does not depend on the numbers.
    private static let groups = """
        import os, sys
        os.chdir(sys.argv[1]); found = {}
        def add(path): s = os.lstat(path); found.setdefault((s.st_dev, s.st_ino), []).append(path)
        for base, directories, files in os.walk("."):
            for name in directories + files: add(os.path.join(base, name))
            # What a listing says is what is there, but at mounts.
            for entry in os.scandir(base):
                if entry.inode() != entry.stat(follow_symlinks=False).st_ino and not os.path.ismount(sys.argv[2] + "/" + entry.path):
                    print("listed", entry.path)
        print(sorted(map(sorted, found.values())))
        """

    private func groups(_ directory: String, _ gateway: MountedGateway) throws -> String {
        try run("/usr/bin/python3", ["-I", "-c", Self.groups, directory, gateway.source]).requireSuccess()
    }

    private func inode(_ path: String) -> UInt64? { status(path).map { UInt64($0.st_ino) } }

    @Test
    func `S-1: what is one file on the disk is one in the view, and nothing else is, and nothing seems to go round in circles`()
        async throws
    {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            let source = directory + "/source"
            try shell(Self.mounting, workingDirectory: source).requireSuccess()
            defer { _ = try? shell(Self.unmounting, workingDirectory: source) }
            var numbers: [UInt64?] = []
            for _ in 0..<2 {
                try await withGateway(in: directory) { gateway async throws in
                    #expect(try groups(gateway.view, gateway) == groups(source, gateway))
                    for command in [
                        "find one two again | sort", "du -a one | cut -f2 | sort", "ls -1R one", "grep -rl e one two again | sort",
                    ] {
                        let shown = try gateway.asAgent(command)
                        #expect(shown.errors == "")
                        #expect(try shown.output == shell(command, workingDirectory: source).output)
                    }
                    #expect(try !gateway.asAgent("diff -q one/f two/f").status.isSuccess)
                    #expect(try !gateway.asAgent("cmp -s one/f two/f").status.isSuccess)
                    #expect(
                        try gateway.asAgent("[ one/f -ef one/l ] && [ again/f -ef one/f ] && ! [ one/f -ef two/f ]").status
                            .isSuccess)
                    // The source's own numbers stay, and those of the others are the same after the next mount, the lower half the disk's.
                    #expect(inode(gateway.view + "/files/x") == inode(source + "/files/x"))
                    for path in ["/one/f", "/two/f", "/one/inner/d/g"] {
                        #expect((inode(gateway.view + path) ?? 0) & 0xffff_ffff == inode(source + path))
                        numbers.append(inode(gateway.view + path))
                    }
                }
            }
            #expect(numbers[..<3] == numbers[3...])
        }
    }

    @Test func `a file system that has no ACLs is open to the agent as its modes say`() async throws {
        try await withTemporaryDirectory { directory in
            try MountedGateway.makeDirectories(in: directory)
            try shell(
                """
                mkdir own; mount -t ramfs none own; mkdir own/d; echo x > own/d/x; echo y > own/private; chmod 600 own/private
                ! setfacl -m u:1:r own/private 2> /dev/null
                """, workingDirectory: directory + "/source"
            ).requireSuccess()
            defer { _ = try? shell("umount \(directory)/source/own") }
            try await withGateway(in: directory) { gateway async throws in
                #expect(try gateway.asAgent("cat own/d/x; ls own").requireSuccess() == "x\nd\nprivate\n")
                #expect(try gateway.asAgent("cat own/private").errors.contains("Permission denied"))
            }
        }
    }

    @Test func `numbers of every size are told apart, and small ones stay below what a floating-point number holds`() {
        var seen: Set<UInt64> = []
        let numbers: [UInt64] = [
            1, 2, 12, 0xffff_ffff, 0x1_0000_0000, 0x1_0000_0002, 0x100_0000_0002, 0x7ff_ffff_ffff, 0x800_0000_0000,
            0x1000_0000_0002,
            0x8000_0000_0000_0002, .max,
        ]
        let tags: [UInt64] = [0, 1, 0x40000, 0x7ffff]
        for tag in tags {
            for inode: UInt64 in numbers {
                let shown = InodeNumbers.shown(inode, tag: tag)
                #expect(seen.insert(shown).inserted, "\(tag) \(inode)")
                #expect(shown & 0xffff_ffff == inode & 0xffff_ffff)
                if inode < 1 << 32 { #expect(shown < 1 << 53 && shown >= 1 << 51) }
            }
        }
    }
}
