internal import DeployModel
internal import PlainText

/// What a server has to say of a file so that a browser takes it.
package enum ContentTypes {
    /// Why the browser would not take it, in a few words; nil where it would.
    package static func objection(to said: String?, for path: String) -> String? {
        guard let said else { return "no content type" }
        let type = said.prefix { $0 != ";" }.lowercased().filter { !$0.isWhitespace }
        let ending = path.split(separator: ".").last.map { $0.lowercased() } ?? ""
        if let accepted = known[ending] {
            return accepted.contains(type) ? nil : "content type \(type.plain()), not \(accepted[0])"
        }
        // What comes where a file is missing.
        return type == "text/html" ? "content type text/html" : nil
    }

    /// Where a browser refuses another (modules, styles, WebAssembly) or shows something else. The first is what to set.
    private static let known: [String: [String]] = [
        "html": ["text/html"], "htm": ["text/html"],
        "js": ["text/javascript", "application/javascript", "application/x-javascript"],
        "mjs": ["text/javascript", "application/javascript", "application/x-javascript"],
        "css": ["text/css"], "wasm": ["application/wasm"], "svg": ["image/svg+xml"], "json": ["application/json"],
        "png": ["image/png"], "jpg": ["image/jpeg"], "jpeg": ["image/jpeg"], "webp": ["image/webp"], "gif": ["image/gif"],
    ]
}
