import CLinux
import LinuxSystem
import SystemPackage
import TestSupport

/// Does the same random operations to a directory and to a `ModelTree`, and compares every answer.
struct ModelRun {
    private let root: String
    private let seed: UInt64
    private var generator: SeededGenerator
    private var model = ModelTree()
    /// Files that stay open, whatever becomes of their names.
    private var open: [(descriptor: KeptDescriptor, inode: Int)] = []
    private(set) var trace: [String] = []
    private var lastPath: ModelTree.Path = []

    /// A descriptor that closes with its last owner: `Descriptor` cannot be kept in an array.
    final class KeptDescriptor {
        let number: Int32
        init(_ number: Int32) { self.number = number }
        deinit { close(number) }
    }

    private static let nameChoices = [
        "a", "b", "c", "d", "long-" + String(repeating: "n", count: 200), ".hidden", "with space", "ünïcode",
    ]
    private static let attributeNames = ["user.one", "user.two"]

    /// This process's umask, which only `/proc` tells without changing it.
    private static let umask: UInt32 = {
        let status = (try? readFile("/proc/self/status")) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("Umask:") }
        return line?.split(separator: "\t").last.flatMap { UInt32($0, radix: 8) } ?? 0o022
    }()

    init(root: String, seed: UInt64) {
        self.root = root
        self.seed = seed
        generator = SeededGenerator(seed: seed)
    }

    /// The model that another run has arrived at, held against another directory.
    init(comparing run: ModelRun, root: String) {
        self.root = root
        seed = run.seed
        generator = run.generator
        model = run.model
        trace = run.trace
    }

    /// Runs `count` operations; the error of a difference has the seed and the trace in it.
    mutating func run(_ count: Int) throws {
        do {
            for step in 0..<count {
                try operation()
                if step % 250 == 249 { try compare() }
            }
            try compare()
        } catch {
            // What the model has there now, and under which other names.
            let inode = try? model.find(lastPath)
            let known = inode.map { inode in
                "\(model[inode].links) links, mode \(String(model[inode].mode, radix: 8)): "
                    + model.all().filter { $0.inode == inode }.map { text($0.path) }.joined(separator: ", ")
            }
            throw TestFailure(
                "seed \(seed): \(error)\n\(known ?? "nothing there")\nin \(root) after:\n"
                    + trace.suffix(400).joined(separator: "\n"))
        }
    }

    // MARK: Chance

    private mutating func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &generator) }
    private mutating func one<Element>(of elements: [Element]) -> Element { elements[number(0..<elements.count)] }

    /// Mostly a path that exists or whose directory does.
    private mutating func path() -> ModelTree.Path {
        let all = model.all()
        if number(0..<3) == 0, all.count > 1 { return all[number(1..<all.count)].path }
        let directories = all.filter { model.entries($0.inode) != nil && $0.path.count < 4 }
        var path = one(of: directories).path
        path.append(one(of: Self.nameChoices))
        if number(0..<20) == 0 { path.append(one(of: Self.nameChoices)) }
        return path
    }

    private mutating func bytes() -> [UInt8] {
        let count = number(0..<10) == 0 ? number(4000..<140_000) : number(0..<300)
        let value = UInt8(number(0..<256))
        return (0..<count).map { value &+ UInt8(truncatingIfNeeded: $0) }
    }

    // MARK: One operation

    private func text(_ path: ModelTree.Path) -> String { ([root] + path).joined(separator: "/") }

    private mutating func operation() throws {
        let path = path()
        if model.goesThroughLink(path) { return }
        lastPath = path
        switch number(0..<22) {
        case 0, 1: try create(path)
        case 2, 3: try write(path)
        case 4: try truncate(path)
        case 5, 6, 7: try rename(path)
        case 8: try link(path)
        case 9, 10: try expect("unlink \(path)", unsafe CLinux.unlink(text(path))) { model throws(Errno) in try model.unlink(path) }
        case 11, 12:
            let mode = mode_t(one(of: [0o755, 0o700, 0o500]))
            try expect("mkdir \(path) \(mode)", unsafe mkdir(text(path), mode)) { model throws(Errno) in
                try model.make(path, .directory([:]), mode: UInt32(mode) & ~Self.umask)
            }
        case 13: try expect("rmdir \(path)", unsafe rmdir(text(path))) { model throws(Errno) in try model.removeDirectory(path) }
        case 14:
            let target = one(of: ["a", "../x", "/nowhere", String(repeating: "t", count: 300)])
            try expect("symlink \(target) \(path)", unsafe symlink(target, text(path))) { model throws(Errno) in
                try model.make(path, .link(target), mode: 0o777)
            }
        case 15: try changeMode(path)
        case 16: try list(path)
        case 17, 18: try attribute(path)
        case 19: try openFile(path)
        case 20: try useOpenFile()
        default: try look(path)
        }
    }

    /// Both must answer the same: success, or this errno.
    private mutating func expect(_ what: String, _ result: Int32, _ body: (inout ModelTree) throws(Errno) -> Void) throws {
        let actual: Errno? = result < 0 ? Errno(rawValue: pinfold_errno()) : nil
        trace.append("\(what) → \(actual.map { "\($0)" } ?? "0")")
        var expected: Errno?
        do throws(Errno) { try body(&model) } catch { expected = error }
        guard actual == expected else {
            throw TestFailure("\(what): answered \(Self.words(actual)), the model \(Self.words(expected))")
        }
    }

    private static func words(_ error: Errno?) -> String { error.map { "\($0) (\($0.rawValue))" } ?? "success" }

    private mutating func create(_ path: ModelTree.Path) throws {
        let mode = mode_t(one(of: [0o644, 0o600, 0o751]))
        let exclusive = number(0..<2) == 0 ? O_EXCL : 0
        let result = unsafe pinfold_open(text(path), O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC | exclusive, mode)
        if try isLinkedElsewhere(path, result) { return }
        try expect("create \(path) \(mode) \(exclusive)", result) { model throws(Errno) in
            if let known = try model.find(path) {
                if exclusive != 0 { throw .fileExists }
                if model.entries(known) != nil { throw .isDirectory }
                if model.isLink(known) { throw .tooManySymbolicLinkLevels }
            } else {
                try model.make(path, .file([]), mode: UInt32(mode) & ~Self.umask)
            }
        }
        if result >= 0 { close(result) }
    }

    /// A file with several names may be written only while all of them are known to be in the zone, which the kernel may have forgotten.
    private func isLinkedElsewhere(_ path: ModelTree.Path, _ result: Int32) throws -> Bool {
        guard result < 0, pinfold_errno() == EPERM, let inode = try? model.find(path) else { return false }
        return model[inode].links > 1
    }

    private mutating func openToWrite(_ what: String, _ path: ModelTree.Path, _ flags: Int32 = 0) throws -> (
        descriptor: KeptDescriptor, inode: Int
    )? {
        let result = unsafe pinfold_open(text(path), O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0)
        if try isLinkedElsewhere(path, result) { return nil }
        var inode: Int?
        try expect(what, result) { model throws(Errno) in
            let known = try model.existing(path)
            if model.entries(known) != nil { throw .isDirectory }
            if model.isLink(known) { throw .tooManySymbolicLinkLevels }
            inode = known
        }
        guard let inode, result >= 0 else { return nil }
        return (KeptDescriptor(result), inode)
    }

    private mutating func write(_ path: ModelTree.Path) throws {
        let truncates = number(0..<4) == 0
        guard let (descriptor, inode) = try openToWrite("open \(path) \(truncates ? "O_TRUNC" : "")", path, truncates ? O_TRUNC : 0)
        else { return }
        if truncates { model.truncate(inode, to: 0) }
        try write(descriptor, inode)
    }

    private mutating func write(_ descriptor: KeptDescriptor, _ inode: Int) throws {
        let bytes = bytes()
        let offset = number(0..<4) == 0 ? number(0..<200_000) : number(0..<500)
        trace.append("pwrite \(bytes.count) at \(offset)")
        let written = unsafe pwrite(descriptor.number, bytes, bytes.count, off_t(offset))
        guard written == bytes.count else { throw TestFailure("pwrite: \(written), \(lastErrorText())") }
        if !bytes.isEmpty { model.write(inode, at: offset, bytes) }
        try verify(descriptor, inode)
    }

    /// An open file's size and content.
    private func verify(_ descriptor: KeptDescriptor, _ inode: Int) throws {
        var status = stat()
        guard unsafe fstat(descriptor.number, &status) == 0 else { throw TestFailure("fstat: \(lastErrorText())") }
        let expected = model.data(inode) ?? []
        guard Int(status.st_size) == expected.count else {
            throw TestFailure("size \(status.st_size), the model \(expected.count)")
        }
        guard Int(status.st_nlink) == model[inode].links else {
            throw TestFailure("links \(status.st_nlink), the model \(model[inode].links)")
        }
        var actual = [UInt8](repeating: 0, count: expected.count + 1)
        let room = actual.count
        let count = unsafe pread(descriptor.number, &actual, room, 0)
        guard count == expected.count, actual[..<max(count, 0)] == expected[...] else {
            throw TestFailure("content differs (\(count) bytes)")
        }
    }

    private mutating func truncate(_ path: ModelTree.Path) throws {
        guard let (descriptor, inode) = try openToWrite("open \(path) to truncate", path) else { return }
        let size = number(0..<3) == 0 ? number(0..<150_000) : number(0..<400)
        trace.append("ftruncate \(size)")
        guard ftruncate(descriptor.number, off_t(size)) == 0 else { throw TestFailure("ftruncate: \(lastErrorText())") }
        model.truncate(inode, to: size)
        try verify(descriptor, inode)
    }

    private mutating func rename(_ path: ModelTree.Path) throws {
        let new = self.path()
        if model.goesThroughLink(new) { return }
        let kind = one(of: [ModelTree.RenameKind.replace, .replace, .noReplace, .exchange])
        let result = unsafe pinfold_renameat2(pinfold_AT_FDCWD, text(path), pinfold_AT_FDCWD, text(new), kind.rawValue)
        let code = pinfold_errno()
        // Of several errors any will do.
        if result < 0, let errors = try? model.renameErrors(path, new, kind), errors.contains(Errno(rawValue: code)) {
            trace.append("rename \(path) \(new) \(kind) → \(code)")
            return
        }
        pinfold_set_errno(code)
        try expect("rename \(path) \(new) \(kind)", result) { model throws(Errno) in try model.rename(path, new, kind) }
    }

    private mutating func link(_ path: ModelTree.Path) throws {
        let new = self.path()
        if model.goesThroughLink(new) { return }
        try expect("link \(path) \(new)", unsafe CLinux.link(text(path), text(new))) { model throws(Errno) in
            try model.link(path, new)
        }
    }

    private mutating func changeMode(_ path: ModelTree.Path) throws {
        if let inode = try? model.find(path), model.isLink(inode) { return }
        let mode = UInt32(one(of: [0o600, 0o644, 0o777, 0o1700, 0o555]))
        try expect("chmod \(path) \(mode)", unsafe chmod(text(path), mode_t(mode))) { model throws(Errno) in
            let inode = try model.existing(path)
            model[inode].mode = mode
        }
    }

    private mutating func list(_ path: ModelTree.Path) throws {
        guard let inode = try? model.find(path), let entries = model.entries(inode) else { return }
        trace.append("list \(path)")
        let actual = try names(text(path))
        guard actual == entries.keys.sorted() else {
            throw TestFailure("list \(path): \(actual), the model \(entries.keys.sorted())")
        }
    }

    private mutating func attribute(_ path: ModelTree.Path) throws {
        if let inode = try? model.find(path), model.isLink(inode) { return }
        let name = one(of: Self.attributeNames)
        switch number(0..<3) {
        case 0:
            let value = Array(bytes().prefix(900))
            try expect("setxattr \(path) \(name) \(value.count)", unsafe setxattr(text(path), name, value, value.count, 0)) {
                model throws(Errno) in
                let inode = try model.existing(path)
                model[inode].attributes[name] = value
            }
        case 1:
            try expect("removexattr \(path) \(name)", unsafe removexattr(text(path), name)) { model throws(Errno) in
                let inode = try model.existing(path)
                guard model[inode].attributes.removeValue(forKey: name) != nil else { throw Errno(rawValue: ENODATA) }
            }
        default:
            var value = [UInt8](repeating: 0, count: 2000)
            let count = unsafe getxattr(text(path), name, &value, 2000)
            var expected: [UInt8] = []
            try expect("getxattr \(path) \(name)", Int32(count)) { model throws(Errno) in
                let inode = try model.existing(path)
                guard let known = model[inode].attributes[name] else { throw Errno(rawValue: ENODATA) }
                expected = known
            }
            guard count < 0 || Array(value.prefix(count)) == expected else { throw TestFailure("the attribute's value differs") }
        }
    }

    private mutating func openFile(_ path: ModelTree.Path) throws {
        guard let opened = try openToWrite("open \(path) and keep", path) else { return }
        if open.count > 12 { open.remove(at: number(0..<open.count)) }
        open.append(opened)
    }

    private mutating func useOpenFile() throws {
        guard !open.isEmpty else { return }
        let index = number(0..<open.count)
        trace.append("use open file \(open[index].inode)")
        switch number(0..<3) {
        case 0: try write(open[index].descriptor, open[index].inode)
        case 1: try verify(open[index].descriptor, open[index].inode)
        default: open.remove(at: index)
        }
    }

    private mutating func look(_ path: ModelTree.Path) throws {
        var result = stat()
        try expect("lstat \(path)", unsafe lstat(text(path), &result)) { model throws(Errno) in _ = try model.existing(path) }
        if let inode = try? model.find(path) { try compare(path, inode) }
    }

    // MARK: Everything

    private mutating func compare() throws {
        trace.append("compare all")
        for (path, inode) in model.all() { try compare(path, inode) }
    }

    private func compare(_ path: ModelTree.Path, _ inode: Int) throws {
        let text = text(path)
        let known = model[inode]
        var result = stat()
        guard unsafe lstat(text, &result) == 0 else { throw TestFailure("lstat \(path): \(lastErrorText())") }
        func differs(_ what: String) -> TestFailure { TestFailure("\(path): \(what) differs from the model") }
        switch known.content {
        case .directory(let entries):
            guard result.st_mode & 0o170000 == 0o040000 else { throw differs("kind") }
            guard try names(text) == entries.keys.sorted() else { throw differs("listing") }
            if path.isEmpty { return }
        case .file(let data):
            guard result.st_mode & 0o170000 == 0o100000 else { throw differs("kind") }
            guard Int(result.st_nlink) == known.links else { throw differs("number of links (\(result.st_nlink), \(known.links))") }
            guard Int(result.st_size) == data.count else { throw differs("size (\(result.st_size), \(data.count))") }
            guard try readBytes(text) == data else { throw differs("content") }
        case .link(let target):
            guard result.st_mode & 0o170000 == 0o120000 else { throw differs("kind") }
            var buffer = [CChar](repeating: 0, count: 1000)
            let count = unsafe readlink(text, &buffer, 1000)
            guard String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self) == target else {
                throw differs("target")
            }
            return
        }
        guard UInt32(result.st_mode & 0o7777) == known.mode else { throw differs("mode (\(String(result.st_mode, radix: 8)))") }
    }
}
