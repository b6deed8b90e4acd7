/// A line that comes in pieces: each byte is looked at once.
struct HTTPLine {
    private var unfinished: [UInt8] = []
    /// How many more bytes lines may have, their ends among them.
    private var left: Int

    init(limit: Int) {
        left = limit
    }

    /// The line that `bytes` end, without its end, and what is behind that is left in `bytes`; nil, and nothing left, where it goes on.
    mutating func next(_ bytes: inout ArraySlice<UInt8>) throws(HTTPFault) -> [UInt8]? {
        let end = bytes.firstIndex(of: UInt8(ascii: "\n"))
        let piece = end.map { bytes[..<$0] } ?? bytes
        left -= piece.count + (end == nil ? 0 : 1)
        guard left >= 0 else { throw .tooLarge }
        unfinished += piece
        bytes = end.map { bytes[($0 + 1)...] } ?? []
        guard end != nil else { return nil }
        defer { unfinished = [] }
        return unfinished.last == UInt8(ascii: "\r") ? unfinished.dropLast() : unfinished
    }
}
