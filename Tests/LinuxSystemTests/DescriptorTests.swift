import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite struct `A descriptor` {
    private func isOpen(_ number: Int32) -> Bool { pinfold_fcntl(number, F_GETFD, 0) != -1 }

    @Test func `is closed when its owner lets go of it, and not inherited by programs`() throws {
        // Above what other tests open meanwhile, so that the number stays free.
        let number = try {
            let file = try Descriptor.open("/dev/null", .readOnly)
            let high = Descriptor(owning: try check { pinfold_fcntl(file.rawValue, F_DUPFD_CLOEXEC, 900) })
            #expect(isOpen(high.rawValue))
            #expect(pinfold_fcntl(high.rawValue, F_GETFD, 0) & FD_CLOEXEC != 0)
            return high.rawValue
        }()
        #expect(!isOpen(number))
    }

    @Test func `that is shared is closed by the last who lets go`() throws {
        let file = try Descriptor.open("/dev/null", .readOnly)
        let high = Descriptor(owning: try check { pinfold_fcntl(file.rawValue, F_DUPFD_CLOEXEC, 950) })
        let number = high.rawValue
        var owners = [SharedDescriptor(high)]
        owners.append(owners[0])
        owners.removeLast()
        #expect(isOpen(number))
        owners.removeLast()
        #expect(!isOpen(number))
    }

    @Test func `that is released is its new owner's`() throws {
        let number = try Descriptor.open("/dev/null", .readOnly).release()
        #expect(isOpen(number))
        close(number)
    }

    @Test func `makes a file with the mode that is asked for, once`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/made"
            let made = try Descriptor.open(path, [.writeOnly, .create, .exclusive], mode: 0o600)
            #expect(try made.status().mode == 0o100600)
            #expect(throws: Errno.fileExists) { try openAndClose(path, [.writeOnly, .create, .exclusive]) }
        }
    }

    @Test(arguments: ["link/file", "../outside", "/etc/passwd", "inner/../../outside"])
    func `opens nothing outside of its directory and through no link, unless it is told to`(path: String) throws {
        try withTemporaryDirectory { directory in
            try shell(
                "mkdir -p inside/inner; echo x > outside; echo x > inside/inner/file; ln -s inner inside/link",
                workingDirectory: directory
            )
            .requireSuccess()
            let inside = try Descriptor.open(directory + "/inside", [.path, .directory])
            let error = error { () throws(Errno) in _ = try inside.open(path, .readOnly) }
            #expect(error == .tooManySymbolicLinkLevels || error == .improperLink, "\(String(describing: error))")
            #expect(self.error { () throws(Errno) in _ = try inside.open("inner/file", .readOnly) } == nil)
        }
        try withTemporaryDirectory { directory in
            try shell("mkdir inner; echo x > inner/file; ln -s inner link", workingDirectory: directory).requireSuccess()
            let inside = try Descriptor.open(directory, [.path, .directory])
            #expect(try inside.open("link/file", .readOnly, .beneath).status().kind == .regular)
            // As if the directory were `/`.
            #expect(try inside.open("/../inner/file", .readOnly, .inRoot).status().kind == .regular)
        }
    }

    @Test func `reads and writes all of what it is given`() throws {
        try withTemporaryDirectory { directory in
            let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            let file = try Descriptor.open(directory + "/file", [.readWrite, .create])
            try file.writeAll(bytes)
            _ = try file.seek(to: 0, whence: SEEK_SET)
            #expect(try readToEnd(file.rawValue) == bytes)
            #expect(try readWholeFile(directory + "/file") == bytes)
            try file.truncate(to: 10)
            #expect(try readWholeFile(directory + "/file") == Array(bytes[..<10]))
        }
    }

    @Test func `says which parts of a file have room on the disk`() throws {
        try withTemporaryDirectory { directory in
            let file = try Descriptor.open(directory + "/file", [.readWrite, .create])
            try file.writeAll([UInt8](repeating: 1, count: 65_536))
            try file.truncate(to: 1 << 20)
            try file.synchronize()
            #expect(file.writtenLength(from: 0, upTo: 1 << 20) == 65_536)
            #expect(file.writtenLength(from: 1 << 20, upTo: 10) == 0)
            #expect(file.allocatedBytes(from: 0, 1 << 20) >= 65_536)
            #expect(file.allocatedBytes(from: 1 << 19, 1 << 19) == 0)
        }
    }

    private func openAndClose(_ path: String, _ flags: OpenFlags) throws(Errno) { _ = try Descriptor.open(path, flags) }

    private func error(_ body: () throws(Errno) -> Void) -> Errno? {
        do throws(Errno) {
            try body()
            return nil
        } catch {
            return error
        }
    }
}

@Suite struct `Both ends` {
    @Test func `of a pipe carry bytes, and the end is seen when the writer is gone`() throws {
        let pipe = try Pipe()
        try pipe.writing.writeAll(Array("x".utf8))
        let reading = pipe.keepReading()
        #expect(try readToEnd(reading.rawValue) == Array("x".utf8))
    }

    @Test func `of a pipe that does not block answer EAGAIN`() throws {
        let pipe = try Pipe(nonBlocking: true)
        #expect(throws: Errno.resourceTemporarilyUnavailable) { try readToEnd(pipe.reading.rawValue) }
    }

    @Test func `of a pair of sockets keep packets apart where they are asked to`() throws {
        let pair = try SocketPair(keepsPackets: true)
        try pair.one.writeAll(Array("ab".utf8))
        try pair.one.writeAll(Array("c".utf8))
        var bytes = [UInt8](repeating: 0, count: 8)
        #expect(unsafe read(pair.other.rawValue, &bytes, 8) == 2)
        let other = try pair.other.duplicate()
        let one = pair.keepOne()
        #expect(unsafe read(other.rawValue, &bytes, 8) == 1)
        _ = consume one
        #expect(unsafe read(other.rawValue, &bytes, 8) == 0)
    }
}

@Suite struct `An event` {
    @Test func `stays set until it is cleared, however often it was set`() throws {
        let event = try EventDescriptor()
        #expect(!event.wait(milliseconds: 0))
        event.set()
        event.set()
        #expect(event.wait(milliseconds: 0) && event.wait())
        event.clear()
        #expect(!event.wait(milliseconds: 0))
        event.clear()
        event.set()
        #expect(event.wait(milliseconds: 0))
    }

    @Test func `wakes a thread that waits`() throws {
        let (asked, answered) = (try EventDescriptor(), try EventDescriptor())
        let thread = try SystemThread("waits") {
            asked.wait()
            answered.set()
        }
        #expect(!answered.wait(milliseconds: 0))
        asked.set()
        #expect(answered.wait(milliseconds: 30_000))
        thread.join()
    }
}
