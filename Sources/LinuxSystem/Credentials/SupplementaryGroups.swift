internal import CLinux
package import SystemPackage

/// The supplementary groups of other threads.
package enum SupplementaryGroups {
    /// Those of the thread `tid`, from the `Groups:` line of `/proc/TID/status` (`man 5 proc`): up to 65,536, so that the line can
    /// be longer than the rest.
    package static func ofThread(_ tid: Int32) throws(Errno) -> [UInt32] {
        let file = Descriptor(owning: try check { unsafe pinfold_open("/proc/\(tid)/status", O_RDONLY | O_CLOEXEC, 0) })
        let raw = file.rawValue
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = try check { unsafe chunk.withUnsafeMutableBytes { unsafe read(raw, $0.baseAddress, $0.count) } }
            if count == 0 { break }
            text += chunk[..<count]
        }
        return parse(text)
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
