import CLinux
import LinuxSystem
import SystemPackage
import TestSupport
import Testing

/// What the kernel reports of a filesystem, and what is made of its bytes.
@Suite(.timeLimit(.minutes(10))) struct `Reports of changes` {
    /// One report, kept.
    private struct Seen: Equatable {
        var changes: FilesystemEvent.Changes
        var name: String
        var hasDirectory: Bool
        var hasObject: Bool
    }

    private func collect(_ monitor: borrowing FilesystemMonitor, named wanted: String) throws -> [Seen] {
        let reports = ReportBuffer(try SharedMemory(size: ReportBuffer.size))
        var seen: [Seen] = []
        while true {
            let isEmpty = unsafe try reports.next(of: monitor) { bytes in
                _ = unsafe FilesystemEvent.forEach(in: bytes) { event in
                    let name = unsafe event.name.map { unsafe String(decoding: $0, as: UTF8.self) } ?? ""
                    // The whole filesystem is watched: others' changes are not this test's.
                    guard name.hasPrefix(wanted) else { return }
                    seen.append(
                        Seen(
                            changes: event.changes, name: name, hasDirectory: event.directory != nil, hasObject: event.object != nil
                        ))
                }
                return unsafe bytes.isEmpty
            }
            if isEmpty { return seen }
            reports.clear()
        }
    }

    @Test func `say the name, the directory and the file`() async throws {
        try await withTemporaryDirectory { directory in
            let place = try Descriptor.open(directory, [.readOnly])
            let monitor = try FilesystemMonitor()
            try monitor.watch(filesystemOf: place)
            let name = "report-\(getpid())-\(UInt32.random(in: 0 ... .max))"
            try writeFile("\(directory)/\(name)", "text")
            unsafe chmod("\(directory)/\(name)", 0o600)
            unsafe rename("\(directory)/\(name)", "\(directory)/\(name)-moved")
            unsafe unlink("\(directory)/\(name)-moved")
            var all: [Seen] = []
            try await eventually("all reports") {
                all += try collect(monitor, named: name)
                return all.contains { $0.changes.contains(.deleted) }
            }
            let changes = all.reduce(into: FilesystemEvent.Changes()) { $0.formUnion($1.changes) }
            #expect(changes.isSuperset(of: [.created, .modified, .attributes, .movedFrom, .movedTo, .deleted]))
            #expect(all.allSatisfy { $0.hasDirectory && $0.hasObject })
            #expect(all.contains { $0.name == name + "-moved" && $0.changes.contains(.movedTo) })
        }
    }

    @Test func `that are cut off or made up are read as far as they go and no further`() {
        var generator = SeededGenerator(seed: 0xfa)
        for _ in 0..<20_000 {
            var bytes = (0..<Int.random(in: 0...160, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            // Most begin as a report does, so that its records are read too.
            if bytes.count >= 24, Bool.random(using: &generator) {
                let length = UInt32(Bool.random(using: &generator) ? bytes.count : Int.random(in: 0...200, using: &generator))
                for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: length >> UInt32(8 * index)) }
                bytes[4] = UInt8(FANOTIFY_METADATA_VERSION)
                (bytes[6], bytes[7]) = (24, 0)
                if bytes.count >= 48 {
                    bytes[24] = UInt8.random(in: 0...3, using: &generator)
                    (bytes[26], bytes[27]) = (UInt8.random(in: 0...160, using: &generator), 0)
                    for index in 37..<40 { bytes[index] = 0 }
                }
            }
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe FilesystemEvent.forEach(in: buffer) { event in
                    let lengths = unsafe [event.name?.count, event.object?.bytes.count].compactMap(\.self)
                    #expect(lengths.allSatisfy { $0 <= buffer.count })
                }
            }
            #expect(count <= bytes.count / 24)
        }
    }
}
