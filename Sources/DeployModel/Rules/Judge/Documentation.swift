/// What is read by people alone.
package enum Documentation {
    private static let endings = [
        ".md", ".markdown", ".rst", ".adoc", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".ico", ".bmp", ".pdf",
    ]
    private static let names: Set<String> = [
        "license", "licence", "copying", "notice", "authors", "contributors", "readme", "changelog", "changes", "news",
    ]

    /// By its name alone: a path of a tree's.
    package static func holds(_ path: [UInt8]) -> Bool {
        let name = String(decoding: path.split(separator: 0x2F).last ?? [], as: UTF8.self).lowercased()
        return names.contains(name) || endings.contains { name.hasSuffix($0) && name.utf8.count > $0.utf8.count }
    }
}
