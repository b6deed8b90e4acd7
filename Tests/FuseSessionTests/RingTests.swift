import CLinux
import LinuxSystem
import SystemPackage
import Testing

@testable import FuseSession

/// What of io_uring a session uses (Linux 6.14).
@Suite struct `A session's rings` {
    /// Else it would be a way past the filter of system calls.
    @Test func `a ring takes commands to its own file and nothing else`() throws {
        // Without rings all is served through the device, and has to be.
        guard FileKind.at("/sys/module/fuse/parameters/enable_uring") != nil else { return }
        let file = try Descriptor.open("/dev/null", .readWrite)
        let ring = try CommandRing.make(entries: 1, for: file.rawValue)
        func attempt(operation: UInt8, flags: UInt8) throws -> Errno? {
            let command = unsafe ring.command(1, tag: 7)
            unsafe command.storeBytes(of: operation, as: UInt8.self)
            unsafe command.storeBytes(of: flags, toByteOffset: 1, as: UInt8.self)
            try ring.wait()
            let answer = ring.answer()
            #expect(answer?.tag == 7)
            return answer?.error
        }
        // IORING_OP_NOP, _CONNECT, _OPENAT and _URING_CMD.
        let (nothing, connect, open, command) = (UInt8(0), UInt8(16), UInt8(18), UInt8(46))
        for operation in [nothing, connect, open] {
            for flags: UInt8 in [0, 1] {
                let error = try attempt(operation: operation, flags: flags)
                #expect(error == .permissionDenied, "operation \(operation)")
            }
        }
        // A descriptor in the place of the file that was registered.
        let elsewhere = try attempt(operation: command, flags: 0)
        #expect(elsewhere == .permissionDenied)
        // What is allowed comes to the driver; this one takes every command.
        let allowed = try attempt(operation: command, flags: 1)
        #expect(allowed == nil)
    }

    @Test func `each queue has an entry, and each processor workers of its own`() {
        let two = RingSeat.seats(possible: 2, usable: [0, 1])
        #expect(Set(two) == [.init(processor: 0, queues: [0]), .init(processor: 1, queues: [1])])
        #expect(two.count { $0.processor == 1 } >= 4)
        // Two of eight are there, and the entries of the others are nobody's else.
        let seats = RingSeat.seats(possible: 8, usable: [2, 5])
        #expect(Set(seats.flatMap(\.queues)) == Set(0..<8))
        #expect(seats.allSatisfy { $0.processor == nil || $0.queues == [UInt16($0.processor ?? 0)] })
        #expect(RingSeat.seats(possible: 0, usable: [0]).isEmpty)
        #expect(RingSeat.seats(possible: 512, usable: Array(0..<512)).isEmpty)
    }
}
