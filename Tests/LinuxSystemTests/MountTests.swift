import CLinux
import LinuxSystem
import TestSupport
import Testing

@Suite struct `The mount table` {
    private func entry(_ line: String) -> MountEntry? { MountEntry(line: Array(line.utf8)[...]) }

    @Test func `is read with its escapes, and with whatever optional fields there are`() throws {
        let plain = try #require(
            entry("36 35 98:0 /mnt1 /mnt\\0402\\134x rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue"))
        #expect(plain.id == 36 && plain.parent == 35 && plain.device == "98:0")
        #expect(plain.root == "/mnt1" && plain.mountpoint == "/mnt 2\\x" && plain.type == "ext3" && plain.source == "/dev/root")
        #expect(plain.options == ["rw", "noatime"] && plain.filesystemOptions == ["rw", "errors=continue"] && !plain.isReadOnly)
        let view = try #require(entry("1 2 0:99 / /run/pinfold/view rw - fuse.pinfold / ro,user_id=0"))
        #expect(view.isPinfold && view.isReadOnly)
    }

    @Test(arguments: [
        "", "36", "36 35 98:0 / /mnt rw", "x 35 98:0 / /mnt rw - a b c", "36 35 98 / /mnt rw - a b c", "36 35 98:0 / /mnt rw a b c",
    ])
    func `has no line that is not one`(line: String) { #expect(entry(line) == nil) }

    @Test func `has the uppermost mount at a path, and all that are below it`() throws {
        let table = MountTable(
            entries: ["/", "/a", "/a/b", "/ab", "/a"].enumerated().compactMap { number, path in
                entry("\(number) 0 0:1 / \(path) rw - tmpfs none rw")
            })
        #expect(table.entry(at: "/a")?.id == 4 && table.entry(at: "/b") == nil)
        #expect(table.entries(atOrBelow: "/a").map(\.id) == [1, 2, 4] && table.entries(atOrBelow: "/").count == 5)
        #expect(try MountTable.read().entry(at: "/proc")?.type == "proc")
    }
}

@Suite struct `A copy of a tree of mounts` {
    /// A directory that goes while something is mounted on it elsewhere goes at once, and nothing can be laid over it any more.
    @Test func `is made while others mount, unmount and remove directories in it`() throws {
        try withTemporaryDirectory { directory in
            let isOver = Lock(false)
            let places = (0..<20).map { "\(directory)/\($0)" }
            let mounting = try SystemThread("mounting") {
                while !isOver.withLock({ $0 }) {
                    for place in places {
                        _ = unsafe mkdir(place, 0o755)
                        guard let mount = try? DetachedMount.new(type: "tmpfs", [("size", "4k")], []),
                            let target = try? Descriptor.open(place, [.path, .directory])
                        else { continue }
                        try? mount.attach(to: target)
                    }
                    for place in places {
                        try? Unmounting.unmount(place, lazily: true)
                        _ = unsafe rmdir(place)
                    }
                }
            }
            let root = try Descriptor.open(directory, [.path, .directory])
            let made = Result {
                for _ in 0..<300 {
                    _ = try DetachedMount.clone(ofTreeAt: directory, root, [.readOnly]) { $0.type == "tmpfs" }
                }
            }
            isOver.withLock { $0 = true }
            mounting.join()
            try made.get()
        }
    }
}

@Suite struct `A mountpoint's lock` {
    @Test func `has one holder, who is named to the next`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/lock"
            let first = try MountLock(path: path)
            do throws(MountLock.Failure) {
                _ = try MountLock(path: path)
                Issue.record("two hold it")
            } catch {
                guard case .held(let holder) = error else { throw error }
                #expect(holder.pid == getpid())
            }
            _ = consume first
            _ = try MountLock(path: path)
        }
    }

    @Test func `is looked at without being taken, and named by who has it, whatever the file says`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/lock"
            #expect(try MountLock.holder(of: path) == nil)
            let lock = try MountLock(path: path)
            #expect(try MountLock.holder(of: path) == getpid())
            // Of a process that has none, of none, and nothing.
            for text in ["1\n", "999999999\n", ""] {
                try shell("printf '\(text)' > lock", workingDirectory: directory).requireSuccess()
                #expect(try MountLock.holder(of: path) == getpid(), "\(text)")
            }
            _ = consume lock
            try shell("printf '\(getpid())' > lock", workingDirectory: directory).requireSuccess()
            #expect(try MountLock.holder(of: path) == nil)
        }
    }

    @Test func `is no link that somebody else made`() throws {
        try withTemporaryDirectory { directory in
            try shell("echo kept > file; ln -s file lock", workingDirectory: directory).requireSuccess()
            #expect(throws: MountLock.Failure.self) { _ = try MountLock(path: directory + "/lock") }
            #expect(try readFile(directory + "/file") == "kept\n")
        }
    }
}

@Suite struct `A kernel's version` {
    @Test func `is read from its release and compared by numbers`() {
        #expect(KernelVersion(release: "6.18.44-amd64") == KernelVersion(6, 18))
        #expect(KernelVersion(release: "6.9-rc1") == KernelVersion(6, 9) && KernelVersion(release: "none") == KernelVersion(0, 0))
        #expect(KernelVersion(6, 9) < KernelVersion(6, 18) && KernelVersion(5, 19) < KernelVersion(6, 0))
        #expect(KernelVersion.running > KernelVersion(4, 0))
    }
}
