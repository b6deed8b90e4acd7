internal import AuditLog
internal import CLinux
internal import LinuxSystem
internal import SystemPackage

/// A modifying call as it was while its thread waited: the bytes of its paths, and a hold on where relative ones start. Nothing is looked up
/// yet, so nothing that the agent made (a FIFO, a file system that does not answer) can keep it waiting.
///
/// The thread's memory is its own to change, before and after this was read: what is recorded may be another path than what the kernel then
/// refuses. What the kernel refuses does not depend on it.
struct CapturedCall: Sendable {
    let call: ModifyingCall
    let time: Timestamp
    /// As this PID namespace numbers it.
    let thread: Int32
    let first: Target
    let second: Target?
    /// Of an open, of a removal, of renames and links.
    let flags: Int32
    /// Of `openat2` (`man 2 openat2`, RESOLVE_*).
    let resolution: PathResolution
    /// Whether a symbolic link at the path's end is followed.
    let follows: Bool

    struct Target: Sendable {
        /// nil for the agent's root directory: the path is absolute then.
        let base: SharedDescriptor?
        /// Empty where the base itself is meant.
        let path: [UInt8]
    }

    /// The caller's memory cannot be read from here. Most often the kernel cannot read it either, but nobody knows: there is memory that it
    /// reads for its owner alone, and another thread may take pages away and bring them back.
    struct Unreadable: Error {}

    /// nil where the kernel will answer for another reason than a read-only mount: a bad descriptor, a path that is too long.
    init?(_ notification: seccomp_notif, _ memory: borrowing ThreadMemory) throws(Unreadable) {
        guard let call = ModifyingCall.byNumber[notification.data.nr] else { return nil }
        let time = SystemClock.now
        func argument(_ index: Int) -> UInt64 {
            unsafe withUnsafePointer(to: notification) { unsafe pinfold_seccomp_argument($0, Int32(index)) }
        }
        func number(_ index: Int?) -> Int32 { index.map { Int32(truncatingIfNeeded: argument($0)) } ?? 0 }
        var flags: Int32 = 0
        var resolution: PathResolution = []
        var follows = true
        let first: Target?
        var second: Target?
        switch call.kind {
        case .open(let name, let source):
            switch source {
            case .argument(let index): flags = number(index)
            case .fixed(let value): flags = value
            case .structure(let index):
                // struct open_how: flags, mode, resolve.
                let how = try memory.words(at: argument(index), count: 3)
                flags = Int32(truncatingIfNeeded: how[0])
                resolution = PathResolution(rawValue: how[2])
            }
            let asked = OpenFlags(rawValue: flags)
            guard !asked.contains(.path), asked.writes || asked.contains(.create) || asked.contains(.temporary) else { return nil }
            follows = !asked.contains(.noFollow) && !(asked.contains(.create) && asked.contains(.exclusive))
            first = try Self.target(name, memory, argument)
        case .existing(let name, let follow):
            switch follow {
            case .always: break
            case .never: follows = false
            case .unlessFlag(let index): follows = number(index) & pinfold_AT_SYMLINK_NOFOLLOW == 0
            }
            // `utimensat` and its like mean the descriptor by a null path.
            let mayBeNull = call.operation == .utimens && name.directory != nil
            first =
                mayBeNull && argument(name.path) == 0
                ? memory.base(number(name.directory)) : try Self.target(name, memory, argument)
        case .making(let name): first = try Self.target(name, memory, argument)
        case .removing(let name, let index):
            flags = number(index)
            first = try Self.target(name, memory, argument)
        case .renaming(let old, let new, let index), .linking(let old, let new, let index):
            flags = number(index)
            first = try Self.target(old, memory, argument)
            second = try Self.target(new, memory, argument)
            guard second != nil else { return nil }
            if case .linking = call.kind { follows = flags & pinfold_AT_SYMLINK_FOLLOW != 0 }
        case .descriptor: first = memory.base(number(0))
        case .binding: first = try memory.socketName(at: argument(1), count: Int(number(2)))
        }
        guard let first else { return nil }
        self.call = call
        self.time = time
        thread = memory.thread
        let isFollowed =
            switch call.kind {
            case .open, .existing, .linking: follows
            default: false
            }
        self.first = memory.heldOpen(first, isFollowed: isFollowed)
        self.second = second.map { memory.heldOpen($0, isFollowed: false) }
        self.flags = flags
        self.resolution = resolution
        self.follows = follows
    }

    private static func target(
        _ name: ModifyingCall.PathArgument, _ memory: borrowing ThreadMemory, _ argument: (Int) -> UInt64
    ) throws(Unreadable) -> Target? {
        guard let path = try memory.path(at: argument(name.path)) else { return nil }
        if path.first == UInt8(ascii: "/") { return Target(base: nil, path: path) }
        if path.isEmpty {
            guard let flags = name.emptyFlags, Int32(truncatingIfNeeded: argument(flags)) & pinfold_AT_EMPTY_PATH != 0 else {
                return nil
            }
        }
        let directory = name.directory.map { Int32(truncatingIfNeeded: argument($0)) } ?? pinfold_AT_FDCWD
        return memory.base(directory).map { Target(base: $0.base, path: path) }
    }
}

/// What can be read of a thread that waits: its memory, in pieces of bounded size, and its descriptors.
struct ThreadMemory: ~Copyable {
    let thread: Int32
    /// PATH_MAX, the zero at the end included: a longer path is ENAMETOOLONG to the kernel.
    private static let longestPath = 4096

    init(of thread: Int32) { self.thread = thread }

    /// The bytes before the first zero; nil where there are too many.
    func path(at address: UInt64) throws(CapturedCall.Unreadable) -> [UInt8]? {
        let bytes = read(at: address, count: Self.longestPath)
        guard let end = bytes.firstIndex(of: 0) else {
            guard bytes.count == Self.longestPath else { throw CapturedCall.Unreadable() }
            return nil
        }
        return Array(bytes[..<end])
    }

    func words(at address: UInt64, count: Int) throws(CapturedCall.Unreadable) -> [UInt64] {
        let bytes = read(at: address, count: count * 8)
        guard bytes.count == count * 8 else { throw CapturedCall.Unreadable() }
        return (0..<count).map { word in bytes[(word * 8)..<(word * 8 + 8)].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        }
    }

    /// The path in a `sockaddr_un`; nil for an abstract name, and for an address of another family.
    func socketName(at address: UInt64, count: Int) throws(CapturedCall.Unreadable) -> CapturedCall.Target? {
        let count = min(count, MemoryLayout<sockaddr_un>.size)
        guard count > 2 else { return nil }
        let bytes = read(at: address, count: count)
        guard bytes.count == count else { throw CapturedCall.Unreadable() }
        guard bytes[0] == UInt8(AF_UNIX), bytes[1] == 0 else { return nil }
        let path = Array(bytes[2...].prefix { $0 != 0 })
        guard let first = path.first else { return nil }
        if first == UInt8(ascii: "/") { return CapturedCall.Target(base: nil, path: path) }
        return base(pinfold_AT_FDCWD).map { CapturedCall.Target(base: $0.base, path: path) }
    }

    /// What a descriptor of the thread's refers to, or its working directory; by a link of `/proc`, which asks no file system.
    func base(_ number: Int32) -> CapturedCall.Target? {
        let link = number == pinfold_AT_FDCWD ? "/proc/\(thread)/cwd" : "/proc/\(thread)/fd/\(number)"
        guard let base = try? Descriptor.open(link, .path) else { return nil }
        return CapturedCall.Target(base: SharedDescriptor(base), path: [])
    }

    /// A path by way of one of the thread's own descriptors, or of its root or working directory, all of which may be gone with it a moment
    /// later: as what that refers to and the rest.
    func heldOpen(_ target: CapturedCall.Target, isFollowed: Bool) -> CapturedCall.Target {
        guard target.base == nil else { return target }
        let slash = UInt8(ascii: "/")
        let names = target.path.split(separator: slash, maxSplits: 4).map { String(decoding: $0, as: UTF8.self) }
        func rest(after count: Int) -> [UInt8] {
            Array(target.path.split(separator: slash, maxSplits: count).dropFirst(count).joined().drop { $0 == slash })
        }
        let before: Int
        switch names.prefix(3) {
        case ["proc", "self", "root"], ["proc", "thread-self", "root"]:
            // Everybody's behind the fence is the same.
            let rest = rest(after: 3)
            return rest.isEmpty ? target : CapturedCall.Target(base: nil, path: [slash] + rest)
        case ["proc", "self", "cwd"], ["proc", "thread-self", "cwd"]:
            let rest = rest(after: 3)
            guard isFollowed || !rest.isEmpty, let base = base(pinfold_AT_FDCWD) else { return target }
            return CapturedCall.Target(base: base.base, path: rest)
        case ["proc", "self", "fd"], ["proc", "thread-self", "fd"]: before = 3
        case let some where some.prefix(2) == ["dev", "fd"]: before = 2
        default: return target
        }
        guard names.count > before, let number = Int32(names[before]) else { return target }
        let rest = rest(after: before + 1)
        guard isFollowed || !rest.isEmpty, let base = base(number) else { return target }
        return CapturedCall.Target(base: base.base, path: rest)
    }

    private func read(at address: UInt64, count: Int) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(Int(unsafe pinfold_read_memory(thread, address, buffer.baseAddress, count)), 0)
        }
    }
}
