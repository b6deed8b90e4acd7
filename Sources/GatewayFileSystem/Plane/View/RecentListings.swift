internal import FuseSession
internal import LinuxSystem

/// The small files of the directories that were listed last, in the order of their listings: who reads one after the other will read the next.
final class RecentListings: Sendable {
    private struct Listing {
        var directory: NodeID
        var files: [NodeID] = []
        /// Which of them the kernel has, by a request or ahead of one.
        var has: [Bool] = []
        /// The one that was asked for last.
        var asked = 0
        /// The one that was asked for or given last.
        var cursor = 0
        /// How many requests for one of them there were.
        var misses = 0
        /// How many may be given ahead now.
        var allowed = 0
        var isQueued = false
    }

    private struct Position {
        var file: NodeID
        var listing: UInt16
        var index: UInt16
    }

    private struct State {
        var listings: [Listing] = []
        var oldest = 0
        /// How sure it is that who reads one file of a directory reads them all: rises with the second file of a directory, sinks with the first.
        var trust = 0
        /// Which way the last reader of a directory went: some take its files from a stack.
        var step = 1
        /// By the file's number: of two that meet in one slot the later one has it.
        var positions: [Position?] = Array(repeating: nil, count: RecentListings.slots)
    }

    private let state = Lock(State())
    private static let capacity = 512
    private static let most = 1024
    private static let slots = 32_768

    /// Files larger than this are read ahead by the kernel itself.
    static let smallSize = 65_536

    static func isSmallFile(_ attributes: Attributes) -> Bool {
        FileKind(mode: attributes.mode) == .regular && (1...UInt64(smallSize)).contains(attributes.size)
    }

    private static func slot(_ file: NodeID) -> Int { Int(truncatingIfNeeded: (file.rawValue &* 0x9e37_79b9_7f4a_7c15) >> 49) }

    /// `files` are the next small ones of `directory`, or the first ones where `isStart`.
    func add(_ files: [NodeID], of directory: NodeID, isStart: Bool) {
        if files.isEmpty { return }
        state.withLock { state in
            let number: Int
            if let known = state.listings.firstIndex(where: { $0.directory == directory }) {
                number = known
                if isStart { state.listings[number] = Listing(directory: directory) }
            } else if state.listings.count < Self.capacity {
                number = state.listings.count
                state.listings.append(Listing(directory: directory))
            } else {
                number = state.oldest
                state.oldest = (number + 1) % Self.capacity
                state.listings[number] = Listing(directory: directory)
            }
            for file in files where state.listings[number].files.count < Self.most {
                let index = UInt16(state.listings[number].files.count)
                state.positions[Self.slot(file)] = Position(file: file, listing: UInt16(number), index: index)
                state.listings[number].files.append(file)
                state.listings[number].has.append(false)
            }
        }
    }

    /// The kernel had to ask for `file`: answers its listing where others of it are to be given ahead, and nobody is at that already.
    func missed(_ file: NodeID) -> Int? {
        state.withLock { state in
            guard let position = state.positions[Self.slot(file)], position.file == file else { return nil }
            let (number, index) = (Int(position.listing), Int(position.index))
            guard state.listings.indices.contains(number), state.listings[number].files.indices.contains(index),
                state.listings[number].files[index] == file
            else { return nil }
            state.listings[number].has[index] = true
            state.listings[number].misses += 1
            if state.listings[number].misses > 1 { state.step = index > state.listings[number].asked ? 1 : -1 }
            state.listings[number].asked = index
            state.listings[number].cursor = index
            switch state.listings[number].misses {
            case 1:
                let isTrusted = state.trust >= 4
                state.trust = max(state.trust - 1, 0)
                guard isTrusted else { return nil }
                // All but one: the request for that one tells that trust was right.
                state.listings[number].allowed = min(state.listings[number].files.count - 2, 64)
            case 2:
                state.trust = min(state.trust + 2, 8)
                state.listings[number].allowed += 4
            default:
                // Ever more, as the kernel does within a file: what is given in vain stays in proportion to what was asked for.
                state.listings[number].allowed = min(
                    state.listings[number].allowed + min(1 << state.listings[number].misses, 32), 64)
            }
            if state.listings[number].isQueued { return nil }
            state.listings[number].isQueued = true
            return number
        }
    }

    /// The next file to be given of the listing; nil where it was enough.
    func next(of listing: Int) -> NodeID? {
        state.withLock { state in
            let count = state.listings[listing].files.count
            if state.listings[listing].allowed > 0 {
                for distance in stride(from: 1, to: count, by: 1) {
                    let index = (state.listings[listing].cursor + state.step * distance + count) % count
                    if state.listings[listing].has[index] { continue }
                    state.listings[listing].has[index] = true
                    state.listings[listing].cursor = index
                    state.listings[listing].allowed -= 1
                    return state.listings[listing].files[index]
                }
            }
            state.listings[listing].allowed = 0
            state.listings[listing].isQueued = false
            return nil
        }
    }

    /// Nobody works at the listing after all.
    func leave(_ listing: Int) { state.withLock { $0.listings[listing].isQueued = false } }
}
