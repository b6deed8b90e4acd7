/// What a file of a client's build is, by its name: decides when it appears where it is served, and whether at all.
package enum ClientFileKind: String, Hashable, Sendable {
    /// What everything begins with: last of all.
    case index
    /// A page beside it, or a service worker: what a browser comes back to by its name.
    case entry
    /// A name that says nothing of the contents.
    case plain
    /// A name that says what is in it: first of all, and never replaced.
    case hashed
    /// Kept with the version and served to nobody: source maps, names with a point in front.
    case kept
}

/// Paths of a client's files: from the build's output, names joined by `/`.
package enum ClientPath {
    package static let index = "index.html"

    package static func kind(of path: String) -> ClientFileKind {
        if path == index { return .index }
        let names = path.split(separator: "/")
        guard let name = names.last else { return .kept }
        let isHidden = names.enumerated().contains { $1.hasPrefix(".") && !($0 == 0 && $1 == ".well-known") }
        let lower = name.lowercased()
        if isHidden || lower.hasSuffix(".map") { return .kept }
        if lower.hasSuffix(".html") || lower.hasSuffix(".htm") || isServiceWorker(name) { return .entry }
        return HashedName.holds(name) ? .hashed : .plain
    }

    /// Names that tools and habit give to service workers.
    package static func isServiceWorker(_ name: some StringProtocol) -> Bool {
        let lower = name.lowercased()
        guard lower.hasSuffix(".js") || lower.hasSuffix(".mjs") else { return false }
        let stem = lower.split(separator: ".").first.map(String.init) ?? ""
        if stem == "sw" || stem.hasSuffix("-sw") || stem.hasSuffix("_sw") { return true }
        // Of some ten thousand chunks hardly one has both letters.
        guard stem.utf8.contains(UInt8(ascii: "v")), stem.utf8.contains(UInt8(ascii: "k")) else { return false }
        return stem.replacing("-", with: "").replacing("_", with: "").contains("serviceworker")
    }

    /// Why a name is refused; nil where it may be served.
    package static func objection(to path: [UInt8]) -> String? {
        guard let text = String(validating: path, as: UTF8.self) else { return "its name is not UTF-8" }
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F || $0 == "\\" }) {
            return "its name has a control character or a backslash in it"
        }
        for name in text.split(separator: "/") {
            let lower = name.lowercased()
            if settings.contains(lower) { return "a web server may take it for its configuration" }
            let endings = lower.split(separator: ".").dropFirst()
            // Some servers run what has such an ending anywhere in its name.
            if endings.contains(where: { programs.contains(String($0)) }) { return "a web server may run it as a program" }
        }
        return nil
    }

    private static let settings: Set<String> = [".htaccess", ".htpasswd", ".user.ini", "web.config", ".htgroup"]
    private static let programs: Set<String> = [
        "php", "php3", "php4", "php5", "php7", "php8", "phtml", "phar", "phps", "cgi", "fcgi", "asp", "aspx", "jsp", "shtml",
    ]

    /// What is served in a file's stead to browsers that take it, where it is there.
    package static let variants = [".gz", ".br"]

    /// The file that this one is a compressed form of, where it is one by its name.
    package static func original(of path: String) -> String? {
        for ending in variants where path.hasSuffix(ending) && path.utf8.count > ending.utf8.count {
            return String(path.dropLast(ending.count))
        }
        return nil
    }

    /// Endings of what gets smaller; the rest is compressed already.
    package static let compressible = [
        "html", "htm", "js", "mjs", "cjs", "css", "json", "svg", "txt", "xml", "wasm", "webmanifest", "ico", "ttf", "otf", "eot",
        "md",
    ]
}
