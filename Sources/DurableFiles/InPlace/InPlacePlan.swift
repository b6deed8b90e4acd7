/// What an in-place update does, in order; as bytes it is the journal.
struct InPlacePlan: Hashable, Sendable {
    enum Operation: Hashable, Sendable {
        case directory([UInt8])
        case remove([UInt8])
        case put([UInt8], staged: Int)

        var path: [UInt8] {
            switch self {
            case .directory(let path), .remove(let path), .put(let path, _): path
            }
        }
    }

    var operations: [Operation]

    init(operations: [Operation]) {
        self.operations = operations
    }

    private static let header = Array("pinfold in-place journal 1\0".utf8)

    /// A letter, the number of the staged file where there is one, a space and the path, each entry ended by NUL; paths hold none.
    var encoded: [UInt8] {
        var bytes = Self.header
        for operation in operations {
            switch operation {
            case .directory(let path): bytes += Array("D ".utf8) + path
            case .remove(let path): bytes += Array("R ".utf8) + path
            case .put(let path, let number): bytes += Array("P\(number) ".utf8) + path
            }
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
            case (UInt8(ascii: "P"), let number?): operations.append(.put(path, staged: number))
            default: return nil
            }
        }
    }
}
