import CLinux
import FuseSession
import GatewayFileSystem
import LinuxSystem
import SystemPackage
import ZonePolicy

/// What a gateway does with the memory that outlives it, from several threads and as fast as it goes, until somebody kills it; with a book of what the
/// kernel was told.
///
///     pinfold-kept-hammer STATE BOOK SEED
///
/// STATE and BOOK are descriptors: of a `KeptState`, and of memory with a line for each file. A line is what the kernel would hold the gateway to: an
/// answer is written down when it would have gone out, a forgetting before it would have come in.
@main
struct Main {
    static func main() throws {
        let words = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let book = try Book(Descriptor(owning: Int32(words[1])))
        let state = try KeptState(adopting: Descriptor(owning: Int32(words[0])))
        try state.check()
        let hammer = Hammer(state.plane(0), book)
        book.writer = UInt64(words[2])
        for thread in 0..<Hammer.threads {
            _ = try SystemThread("hammer") { hammer.run(UInt64(words[2]) &* 31 &+ UInt64(thread), thread) }
        }
        while true { poll(nil, 0, -1) }
    }
}

struct Hammer: Sendable {
    static let threads = 2
    let nodes: NodeTable
    let opens: OpenFiles
    let book: Book

    init(_ plane: KeptPlane, _ book: Book) {
        nodes = NodeTable(root: Book.root, plane)
        opens = OpenFiles(plane)
        let nodes = nodes
        _ = opens.adopt { _ in
            nil
        } isKnown: {
            nodes.node($0) != nil
        }
        self.book = book
    }

    func run(_ seed: UInt64, _ thread: Int) {
        var random = seed | 1
        func next(_ below: UInt64) -> UInt64 {
            random ^= random << 13
            random ^= random >> 7
            random ^= random << 17
            return random % below
        }
        while true {
            // Each thread has files of its own, as the kernel never asks two things about one name at once; their nodes lie between each other.
            let file = Int(next(UInt64(Book.files / Self.threads))) * Self.threads + thread
            switch next(8) {
            case 0...2: look(file)
            case 3: for _ in 0..<40 { look(Int(next(UInt64(Book.files / Self.threads))) * Self.threads + thread) }
            case 4, 5: forget(file)
            case 6: open(file)
            default: close(file)
            }
        }
    }

    private func look(_ file: Int) {
        var node = Book.node(file)
        guard let id = try? nodes.enter(&node, keepingStricter: false) else { fatalError("no room") }
        book.update(file) {
            $0.id = id.rawValue
            $0.lookups += 1
        }
    }

    private func forget(_ file: Int) {
        let line = book[file]
        // The kernel forgets what is not open.
        guard line.lookups > 0, line.opens == 0 else { return }
        book.update(file) { $0.lookups = 0 }
        _ = nodes.forget(NodeID(rawValue: line.id), lookups: UInt64(line.lookups))
    }

    private func open(_ file: Int) {
        let line = book[file]
        guard line.lookups > 0 else { return }
        let id = NodeID(rawValue: line.id)
        if opens.again(id) == nil {
            let made = OpenFile(backing: nil, isPassedThrough: false, location: nil, inode: UInt64(file), user: UInt32(file))
            guard (try? opens.first(id, made)) != nil else { fatalError("no room") }
        }
        book.update(file) { $0.opens += 1 }
    }

    private func close(_ file: Int) {
        let line = book[file]
        guard line.opens > 0 else { return }
        book.update(file) { $0.opens -= 1 }
        _ = opens.release(NodeID(rawValue: line.id))
    }
}
