/// What an in-place update does, in order; as bytes it is the journal.
struct InPlacePlan: Hashable, Sendable {
    /// Each can be done again after a crash, and taken back: nothing is lost before the whole is done.
    enum Operation: Hashable, Sendable {
        /// Makes a directory that is not there.
        case directory([UInt8])
        /// Moves a file or link into the staging directory.
        case remove([UInt8])
        /// Removes a directory if nothing is left in it.
        case removeDirectory([UInt8])
        /// Moves what stands in the way, and is somebody else's, to a name beside it.
        case setAside([UInt8], number: Int)
        /// Gives a staged file a name that nothing has.
        case add([UInt8], staged: Int)
        /// Gives a staged file the name of what is there, which the staging directory keeps.
        case replace([UInt8], staged: Int)

        var path: [UInt8] {
            switch self {
            case .directory(let path), .remove(let path), .removeDirectory(let path), .setAside(let path, _), .add(let path, _),
                .replace(let path, _):
                path
            }
        }

        var stagedFile: Int? {
            switch self {
            case .add(_, let number), .replace(_, let number): number
            default: nil
            }
        }
    }

    var operations: [Operation]

    init(operations: [Operation]) {
        self.operations = operations
    }

    private static let header = Array("pinfold in-place journal 1\0".utf8)

    /// A letter, a number where there is one, a space and the path, each entry ended by NUL; paths hold none.
    var encoded: [UInt8] {
        var bytes = Self.header
        for operation in operations {
            switch operation {
            case .directory: bytes += Array("D ".utf8)
            case .remove: bytes += Array("R ".utf8)
            case .removeDirectory: bytes += Array("E ".utf8)
            case .setAside(_, let number): bytes += Array("K\(number) ".utf8)
            case .add(_, let number): bytes += Array("N\(number) ".utf8)
            case .replace(_, let number): bytes += Array("P\(number) ".utf8)
            }
            bytes += operation.path
            bytes.append(0)
        }
        return bytes + Array("end\0".utf8)
    }

    /// nil where it is cut off or not of this form.
    init?(encoded bytes: [UInt8]) {
        guard bytes.starts(with: Self.header), bytes.suffix(4).elementsEqual("end\0".utf8) else { return nil }
        operations = []
        for line in bytes.dropFirst(Self.header.count).dropLast(4).split(separator: 0) {
            guard let space = line.firstIndex(of: 0x20), let letter = line.first else { return nil }
            let path = Array(line[(space + 1)...])
            let number = Int(String(decoding: line[(line.startIndex + 1)..<space], as: UTF8.self))
            switch (letter, number) {
            case (UInt8(ascii: "D"), nil): operations.append(.directory(path))
            case (UInt8(ascii: "R"), nil): operations.append(.remove(path))
            case (UInt8(ascii: "E"), nil): operations.append(.removeDirectory(path))
            case (UInt8(ascii: "K"), let number?): operations.append(.setAside(path, number: number))
            case (UInt8(ascii: "N"), let number?): operations.append(.add(path, staged: number))
            case (UInt8(ascii: "P"), let number?): operations.append(.replace(path, staged: number))
            default: return nil
            }
        }
    }
}
