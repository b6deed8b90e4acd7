internal import CLinux
internal import FuseSession
package import LinuxSystem
package import SystemPackage

/// What has to outlive a daemon: in one piece of memory, which whoever goes on finds as it was when the daemon ended.
///
/// It holds what cannot be found out again: which numbers the kernel knows files by, how many answers gave it each, what is open, what was answered to
/// requests that must not be done twice. What only makes things fast, or can be read from the disk, is not in it.
package final class KeptState: Sendable {
    let memory: KeptMemory
    private let count: Int
    /// The words that a daemon keeps beside its planes.
    package let words: KeptWords

    /// New memory, in which nothing is kept yet. It takes address space for what it may ever hold, and memory for what is written.
    package convenience init() throws(Errno) { try self.init(planes: KeptLayout.planes) }

    init(planes: Int) throws(Errno) {
        memory = try KeptMemory(size: KeptLayout.size(planes: planes))
        let header = unsafe memory.words(at: 0)
        unsafe header[KeptLayout.versionWord] = KeptLayout.version
        unsafe header[KeptLayout.shapeWord] = KeptLayout.shape
        unsafe header[KeptLayout.sizeWord] = UInt64(memory.size)
        settle()
        unsafe header[KeptLayout.magicWord] = KeptLayout.magic
        words = KeptWords(memory)
        count = planes
    }

    /// The memory that a daemon left, which may have been another version of this program. `check` has to be asked before anything of it is used.
    package init(adopting file: consuming Descriptor) throws(KeptError) {
        let size = KeptLayout.size(planes: KeptLayout.planes)
        let found: UInt64
        do throws(Errno) { found = try file.status().size } catch { throw KeptError("it cannot be looked at: \(error)") }
        guard found == UInt64(size) else { throw KeptError("it has \(found) bytes where there should be \(size)") }
        do throws(Errno) { memory = try KeptMemory(file, size: size) } catch { throw KeptError("it cannot be mapped: \(error)") }
        words = KeptWords(memory)
        count = KeptLayout.planes
        try checkHeader()
    }

    /// The memory's descriptor: where it is open, all of this is there.
    package var rawDescriptor: Int32 { memory.rawDescriptor }

    /// Whether a daemon has served with it.
    package var isUsed: Bool { planes.contains { $0.isUsed } }

    /// The view's, then those of the zones that are served, then what is around the view. What is asked for is as the memory is now: a daemon asks for
    /// each once, when it begins.
    package func plane(_ index: Int) -> KeptPlane { KeptPlane(memory, index) }

    private var planes: [KeptPlane] { (0..<count).map { plane($0) } }

    /// Each descriptor that has to stay open for whoever goes on.
    package func forEachDescriptor(_ body: (Int32) -> Void) {
        body(rawDescriptor)
        for plane in planes where plane.isUsed { plane.forEachDescriptor(body) }
    }

    /// How many rows of open files the next server has to go through before it serves.
    var openRows: Int { planes.reduce(0) { $0 + ($1.isUsed ? $1.openRows : 0) } }

    // MARK: Whether it can be relied upon

    private func checkHeader() throws(KeptError) {
        let header = unsafe memory.words(at: 0)
        try Self.check((0..<KeptLayout.firstFreeWord).map { unsafe header[$0] }, size: memory.size)
    }

    /// Whether the memory that a living daemon has is of a format that this program goes on with.
    static func checkHeader(of file: borrowing Descriptor) throws(KeptError) {
        var words = [UInt64](repeating: 0, count: KeptLayout.firstFreeWord)
        let size: UInt64
        do throws(Errno) {
            size = try file.status().size
            // A shorter one has zeros where it has nothing.
            let raw = file.rawValue
            _ = try LinuxSystem.check { unsafe words.withUnsafeMutableBytes { unsafe pread(raw, $0.baseAddress, $0.count, 0) } }
        } catch {
            throw KeptError("it cannot be read: \(error)")
        }
        try check(words, size: Int(size))
    }

    private static func check(_ header: [UInt64], size: Int) throws(KeptError) {
        guard header[KeptLayout.magicWord] == KeptLayout.magic else { throw KeptError("it is not a gateway's state") }
        let version = header[KeptLayout.versionWord]
        guard version == KeptLayout.version else {
            throw KeptError("it is of format \(version), and this program knows format \(KeptLayout.version)")
        }
        guard header[KeptLayout.shapeWord] == KeptLayout.shape else {
            throw KeptError("it is of format \(version), but laid out otherwise than this program lays it out")
        }
        guard header[KeptLayout.sizeWord] == UInt64(size) else { throw KeptError("its size is not what it says") }
    }

    /// Looks at all that is kept; nothing that fails this may be served from.
    package func check() throws(KeptError) {
        try checkHeader()
        for plane in planes where plane.isUsed { try plane.check() }
    }
}

/// Words of 64 bits by number; 0 where nothing was kept.
@safe package final class KeptWords: @unchecked Sendable {
    // @unchecked: each word is stored and loaded whole; who writes it is its user's to say.
    private let memory: KeptMemory
    private let base: UnsafeMutablePointer<UInt64>

    init(_ memory: KeptMemory) {
        self.memory = memory
        unsafe base = memory.words(at: KeptLayout.firstFreeWord * MemoryLayout<UInt64>.stride)
    }

    /// Valid as long as this process lives.
    func address(of word: KeptWord) -> UnsafeMutablePointer<UInt64> { unsafe base + word.rawValue }

    package subscript(word: KeptWord) -> UInt64 {
        get { unsafe base[word.rawValue] }
        set {
            unsafe base[word.rawValue] = newValue
            settle()
        }
    }
}

/// What `KeptWords` holds.
package enum KeptWord: Int, CaseIterable, Sendable {
    /// One more than the code that a server ended with in order.
    case ending
    /// 1 while a server serves.
    case serving
    /// One more than the descriptor of the mount by which each plane's names are listed ahead.
    case rootAhead0, rootAhead1, rootAhead2, rootAhead3, rootAhead4
    /// Numbers of the patterns (`Rules`) that the kernel knows names by.
    case hideRules, protectRules
    /// 1 where the last server ended by a fault of its own.
    case fault
    /// The process that serves, or served last.
    case server
    /// The device number of each plane's mount, by which the kernel's connection is called.
    case connection0, connection1, connection2, connection3, connection4
}
