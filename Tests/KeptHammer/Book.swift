import CLinux
import FuseSession
import GatewayFileSystem
import LinuxSystem
import SystemPackage
import ZonePolicy

/// What the kernel would hold a gateway to: of each file its number, how many answers gave it that, and how many opens it has.
///
/// It lies in memory that outlives its writer, as the gateway's own does; a line has one writer.
@safe struct Book: @unchecked Sendable {
    static let files = 6000
    static let size = (files + 1) * MemoryLayout<Line>.stride
    private let lines: UnsafeMutablePointer<Line>

    struct Line: BitwiseCopyable {
        var id: UInt64
        var lookups: UInt32
        var opens: UInt32
    }

    init(_ file: consuming Descriptor) throws(Errno) {
        let raw = file.rawValue
        guard let mapped = unsafe mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, raw, 0), Int(bitPattern: mapped) != -1
        else { throw .current }
        unsafe lines = mapped.bindMemory(to: Line.self, capacity: Self.files + 1)
    }

    subscript(file: Int) -> Line { unsafe lines[file] }

    func update(_ file: Int, _ body: (inout Line) -> Void) {
        settle()
        unsafe body(&lines[file])
        settle()
    }

    /// Which of the writers, counted from 1, has begun to write.
    var writer: UInt64 {
        get { unsafe lines[Self.files].id }
        nonmutating set { unsafe lines[Self.files].id = newValue }
    }

    /// A node as a look at the file gives it: its handle says which it is, four times over.
    static func node(_ file: Int) -> Node {
        Node(
            handle: handle(UInt64(file) + 1), mount: 0, kind: .regular, place: Place(rawValue: 0), epoch: UInt32(file), nameKey: 1,
            flags: [])
    }

    static let root = Node(
        handle: handle(0), mount: 0, kind: .directory, place: Place(rawValue: 0), epoch: 0, nameKey: 0, flags: [])

    private static func handle(_ number: UInt64) -> FileHandle {
        let words: [UInt64] = [number, ~number, number &* 0x9e37_79b9_7f4a_7c15, number ^ 0x5555]
        guard let handle = unsafe words.withUnsafeBytes({ unsafe FileHandle(bytes: $0, type: 1) }) else { fatalError("no handle") }
        return handle
    }

    /// The file that the handle is of; nil for one that `node` never made.
    static func file(of handle: FileHandle) -> Int? {
        let number = handle.words.0
        return number > 0 && number <= UInt64(files) && handle == self.handle(number) ? Int(number) - 1 : nil
    }
}
