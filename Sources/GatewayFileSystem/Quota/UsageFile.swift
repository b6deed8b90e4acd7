internal import CLinux
internal import FuseSession
internal import LinuxSystem
internal import SystemPackage

/// A zone's count as a file that is mapped and shared: what is stored is the kernel's at once, so that it outlives this process however
/// that ends, without a call or a lock on the way.
///
/// One page of words of 64 bits. Stores are whole: a process that is killed between two of them leaves each old or new, and the
/// order of the stores sees to it that what was left is rather too much than too little.
@safe final class UsageFile: @unchecked Sendable {
    // @unchecked: written under the lock of the `ZoneUsage` that owns it, or before that exists.

    /// Where each word is, in words.
    enum Word: Int {
        case magic = 0
        case filesystem, inode
        /// Four of the root's handle, which holds its generation: a directory that was made anew is another one.
        case handle
        case state = 7
        case bytes, inodes
        /// How much of the two above is of files that have no name any more: it goes with the process that has them open.
        case namelessBytes, namelessInodes
    }

    /// How the count stands.
    enum State: Int64 {
        /// It was never finished.
        case counting = 0
        case used = 1
        /// Its process ended in order.
        case rested = 2
    }

    /// How much the count found in the file is worth.
    enum Trust {
        /// None: another zone's, or unfinished.
        case none
        /// It is right but for what a process that was killed, or a machine that lost its power, did not get to.
        case nearly
        case full
    }

    private static let magic = Int64(0x3145_4741_5355_4650)  // "PFUSAGE1"
    private static let size = 4096
    private let memory: UnsafeMutableRawPointer
    private let file: Descriptor
    let trust: Trust

    /// - Parameters:
    ///   - path: nil for a count that ends with this process.
    ///   - root: the zone's, whose count it is.
    /// - Throws: EWOULDBLOCK where another process has it.
    init(_ path: String?, root: borrowing Descriptor, _ handle: FileHandle) throws(Errno) {
        if let path {
            file = try Descriptor.open(path, [.readWrite, .create, .noFollow, .nonBlocking], mode: 0o600)
        } else {
            file = Descriptor(owning: try check { unsafe pinfold_memfd_create("usage") })
        }
        let raw = file.rawValue
        // Two processes with one count would each measure what the other did.
        if path != nil { _ = try check { pinfold_flock(raw) } }
        if try file.status().size != UInt64(Self.size) { try file.truncate(to: Int64(Self.size)) }
        guard let mapped = unsafe mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, raw, 0), Int(bitPattern: mapped) != -1
        else { throw .current }
        unsafe memory = unsafe mapped
        let status = try root.status()
        var filesystem: UInt64 = 0
        var kind: Int64 = 0
        let rootNumber = root.rawValue
        _ = try check { unsafe pinfold_filesystem_identity(rootNumber, &filesystem, &kind) }
        let identity: [Int64] =
            [Self.magic, Int64(bitPattern: filesystem), Int64(bitPattern: status.inode)]
            + [handle.words.0, handle.words.1, handle.words.2, handle.words.3].map { Int64(bitPattern: $0) }
        let words = unsafe mapped.assumingMemoryBound(to: Int64.self)
        let isSame = identity.indices.allSatisfy { unsafe words[$0] == identity[$0] }
        let found = isSame ? unsafe State(rawValue: words[Word.state.rawValue]) ?? .counting : .counting
        switch found {
        case .counting: trust = .none
        // A kernel that lives has all that was stored; one that went down in disorder may not have written it.
        case .used: trust = .nearly
        case .rested: trust = .full
        }
        if trust == .none { unsafe words[Word.state.rawValue] = State.counting.rawValue }
        for (index, word) in identity.enumerated() { unsafe words[index] = word }
    }

    deinit { unsafe munmap(memory, Self.size) }

    /// Nobody counts in the zone any more: what a file says that nobody has would be wrong from now on.
    static func discard(_ path: String) {
        guard let file = try? Descriptor.open(path, [.readWrite, .noFollow, .nonBlocking]) else { return }
        let raw = file.rawValue
        if pinfold_flock(raw) == 0 { unsafe unlink(path) }
    }

    /// Stores a sum and the part of it that goes with this process. Whoever goes on counts from their difference, which is never too small on the
    /// way: a smaller part is stored before the sum, a larger one behind it.
    func store(_ sum: Int64, in word: Word, ofWhich part: Int64, in partWord: Word) {
        if part < self[partWord] {
            self[partWord] = part
            settle()
        }
        self[word] = sum
        settle()
        self[partWord] = part
    }

    subscript(_ word: Word) -> Int64 {
        get { unsafe memory.assumingMemoryBound(to: Int64.self)[word.rawValue] }
        set { unsafe memory.assumingMemoryBound(to: Int64.self)[word.rawValue] = newValue }
    }

    /// Puts `state` and all before it onto the disk: should the power go after that, the file says how much it is worth.
    func set(_ state: State) {
        self[.state] = state.rawValue
        _ = unsafe msync(memory, Self.size, MS_SYNC)
    }
}
