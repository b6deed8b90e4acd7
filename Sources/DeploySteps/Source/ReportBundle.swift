internal import CLinux
internal import DeployModel
internal import LinuxSystem
internal import SystemPackage

/// What the reader of a report gets: the form, where the copy lay, and the files, as a stream of parts, each a letter, its length and its bytes.
///
/// The files are copied, so that what is read is one state of them and is bounded in sum, whatever becomes of them meanwhile.
struct ReportBundle: ~Copyable {
    private let stream: Descriptor
    private var bytes = 0
    private var files = 0
    /// Why it is no report, where it is none already.
    private(set) var fault: ReportFault?

    /// Bytes of all files of a report.
    static let byteLimit = 64 << 20
    static let fileLimit = 20_000

    private enum Part {
        static let format = UInt8(ascii: "f")
        static let root = UInt8(ascii: "p")
        static let bite = UInt8(ascii: "t")
        static let name = UInt8(ascii: "n")
        /// Of the file that was named last.
        static let piece = UInt8(ascii: "b")
    }

    /// - Parameter roots: where the copy lay for the run: absolute paths.
    /// - Parameter bite: see `ExpectedReport`.
    init(_ format: TestReport.Format, roots: [String], bite: String? = nil) throws(Errno) {
        let stream = Descriptor(owning: try check { unsafe pinfold_memfd_create("pinfold-report") })
        try Self.put(Part.format, Array(format.rawValue.utf8), into: stream)
        for root in roots { try Self.put(Part.root, Array(root.utf8), into: stream) }
        if let bite { try Self.put(Part.bite, Array(bite.utf8), into: stream) }
        self.stream = stream
    }

    /// Says that it is no report, in words that follow "the report".
    mutating func refuse(_ why: String) {
        if fault == nil { fault = ReportFault(why) }
    }

    /// Adds a file from its beginning.
    /// - Parameter name: for people.
    mutating func add(_ file: borrowing Descriptor, named name: String) throws(Errno) {
        guard fault == nil else { return }
        files += 1
        guard files <= Self.fileLimit else {
            return refuse("is of more than \(Self.fileLimit) files")
        }
        try Self.put(Part.name, Array(name.utf8.prefix(200)), into: stream)
        let raw = file.rawValue
        var chunk = [UInt8](repeating: 0, count: 1 << 17)
        var offset: off_t = 0
        while true {
            let at = offset
            let count = try check { unsafe pread(raw, &chunk, chunk.count, at) }
            if count == 0 { return }
            offset += off_t(count)
            bytes += count
            guard bytes <= Self.byteLimit else {
                return refuse("is longer than \(Self.byteLimit >> 20) MiB")
            }
            try Self.put(Part.piece, Array(chunk[..<count]), into: stream)
        }
    }

    /// For who reads it, from its beginning.
    borrowing func rewound() throws(Errno) -> Int32 {
        let raw = stream.rawValue
        _ = try check { lseek(raw, 0, SEEK_SET) }
        return raw
    }

    private static func put(_ part: UInt8, _ bytes: [UInt8], into stream: borrowing Descriptor) throws(Errno) {
        var rest = ([part] + length(bytes.count) + bytes)[...]
        let raw = stream.rawValue
        while !rest.isEmpty {
            let written = try check {
                unsafe rest.withUnsafeBytes { unsafe write(raw, $0.baseAddress.unsafelyUnwrapped, $0.count) }
            }
            rest = rest.dropFirst(written)
        }
    }

    private static func length(_ count: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } }

    /// What `bytes`, a whole stream, say: in the process that reads.
    static func read(_ bytes: [UInt8]) throws(ReportFault) -> ReportReader {
        var rest = bytes[...]
        var format: TestReport.Format?
        var roots: [String] = []
        var bite: String?
        var reader: ReportReader?
        var current: (name: String, bytes: [UInt8])?
        func finish() throws(ReportFault) {
            guard let file = current, let format else { return }
            if reader == nil { reader = ReportReader(format, roots: roots, bite: bite) }
            do throws(ReportFault) {
                try reader?.read(file.bytes)
            } catch {
                throw ReportFault("\(file.name) \(error.what)")
            }
        }
        while let part = rest.popFirst() {
            guard rest.count >= 4 else { break }
            let count = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            let bytes = rest.dropFirst(4).prefix(count)
            rest = rest.dropFirst(4 + count)
            switch part {
            case Part.format: format = TestReport.Format(rawValue: String(decoding: bytes, as: UTF8.self))
            case Part.root: roots.append(String(decoding: bytes, as: UTF8.self))
            case Part.bite: bite = String(decoding: bytes, as: UTF8.self)
            case Part.name:
                try finish()
                current = (String(decoding: bytes, as: UTF8.self), [])
            default: current?.bytes += bytes
            }
        }
        try finish()
        guard let reader else { throw ReportFault("is of no file") }
        return reader
    }
}
