internal import LinuxSystem
internal import PlainText

/// A path inside a commit's tree, as git has it: bytes without NUL, names joined by `/`, never absolute, never with an empty name,
/// `.` or `..`.
package struct TreePath: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let bytes: [UInt8]

    package init(bytes: [UInt8]) { self.bytes = bytes }

    package init(_ text: String) { bytes = Array(text.utf8) }

    /// The names from the root down.
    package var components: [ArraySlice<UInt8>] { bytes.split(separator: UInt8(ascii: "/")) }

    /// For people: characters that would act on a terminal and bytes that are not UTF-8 are escaped.
    package var description: String { String(showing: bytes).plain() }

    package static func < (one: TreePath, other: TreePath) -> Bool { one.bytes.lexicographicallyPrecedes(other.bytes) }
}
