package import SystemPackage

/// The supplementary groups of other threads.
package enum SupplementaryGroups {
    /// Those of the thread `tid`, from the `Groups:` line of `/proc/TID/status` (`man 5 proc`): up to 65,536, so that the line can
    /// be longer than the rest.
    package static func ofThread(_ tid: Int32) throws(Errno) -> [UInt32] {
        parse(try readWholeFile("/proc/\(tid)/status"))
    }

    static func parse(_ text: [UInt8]) -> [UInt32] {
        let label = Array("Groups:".utf8)
        for line in text.split(separator: UInt8(ascii: "\n")) where line.starts(with: label) {
            return line.dropFirst(label.count).split { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
                .compactMap { digits in UInt32(String(decoding: digits, as: UTF8.self)) }
        }
        return []
    }
}
