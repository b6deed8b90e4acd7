import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct `A Unix socket` {
    @Test func `keeps packets apart, and knows who sends`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/socket"
            #expect(throws: Errno.noSuchFileOrDirectory) { _ = try PacketSocket(connectingTo: path) }
            let listener = try PacketSocket(listeningAt: path, waiting: 4)
            #expect(throws: Errno.resourceTemporarilyUnavailable) { _ = try listener.accept() }
            let sender = try PacketSocket(connectingTo: path)
            let receiver = try listener.accept()
            #expect(try receiver.peer.processID == getpid() && receiver.peer.userID == geteuid())
            try sender.send([1, 2, 3])
            try sender.send([4])
            #expect(try receiver.receive(atMost: 2) == [1, 2])
            #expect(try receiver.receive(atMost: 2) == [4])
            #expect(throws: Errno.resourceTemporarilyUnavailable) { try receiver.receive(atMost: 2) }
            _ = consume sender
            #expect(try receiver.receive(atMost: 2) == [])
            #expect(throws: Errno.brokenPipe) { try receiver.send([1]) }
            // Its mode is there with its name.
            #expect(try run("stat", ["-c", "%a", path]).requireSuccess() == "600\n")
        }
    }

    @Test func `is reached by a path of any length, as long as its name fits`() throws {
        try withTemporaryDirectory { directory in
            let deep = directory + "/" + Array(repeating: String(repeating: "d", count: 40), count: 4).joined(separator: "/")
            try makeDirectories(deep)
            let listener = try PacketSocket(listeningAt: deep + "/socket", waiting: 1)
            let sender = try PacketSocket(connectingTo: deep + "/socket")
            try sender.send([9])
            #expect(try listener.accept().receive(atMost: 1) == [9])
            #expect(throws: Errno.fileNameTooLong) {
                _ = try PacketSocket(connectingTo: deep + "/" + String(repeating: "s", count: 100))
            }
            #expect(try UnixSocketPath.reaching(directory + "/short").name == directory + "/short")
        }
    }

    @Test func `gives up on a listener that says nothing`() throws {
        try withTemporaryDirectory { directory in
            let listener = try UnixListener(at: directory + "/socket")
            let stream = try UnixStream(connectingTo: directory + "/socket", patience: 1)
            #expect(try stream.peer.processID == getpid())
            try stream.send([1, 2])
            #expect(throws: Errno.resourceTemporarilyUnavailable) { try stream.receive() }
            _ = consume listener
        }
    }
}

/// A stream that listens and takes nobody in.
private struct UnixListener: ~Copyable {
    private let descriptor: Descriptor

    init(at path: String) throws(Errno) {
        let opened = Descriptor(
            owning: try check { socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0) })
        let raw = opened.rawValue
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in unsafe target.copyBytes(from: bytes) }
        _ = try check { unsafe pinfold_bind_unix(raw, &address) }
        _ = try check { listen(raw, 1) }
        descriptor = opened
    }
}

@Suite struct `A filter of system calls` {
    @Test func `is the same program after its words have been handed over`() {
        var filter = FilterProgram()
        filter.onCall(1, argument: 2) { rules in
            rules.ifAnyBit(0x8000_0000, .notify)
            rules.ifEqual(7, .fail(.notPermitted))
        }
        filter.ifAtLeast(0xffff_ffff, .trap)
        filter.always(.allow)
        let copy = FilterProgram(words: filter.words)
        #expect(copy == filter && copy.words == filter.words)
        #expect(FilterProgram() != filter)
    }
}
