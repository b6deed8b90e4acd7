internal import FoundationEssentials

/// What a `package.json` says of its tests.
struct PackageManifest {
    /// The command; nil where there is none.
    let test: String?
    /// Whether other scripts run before or after it.
    let isSurrounded: Bool

    /// nil where it is no manifest.
    init?(_ bytes: [UInt8]) {
        struct Manifest: Decodable {
            var scripts: [String: String]?
        }
        guard let manifest = try? JSONDecoder().decode(Manifest.self, from: Data(bytes)) else { return nil }
        test = manifest.scripts?["test"]
        isSurrounded = ["pretest", "posttest"].contains { manifest.scripts?[$0] != nil }
    }

    /// Node's own runner, where the script is that and nothing else.
    var nodeRunner: NodeRunner? {
        guard let test, !isSurrounded else { return nil }
        return NodeRunner.parse(test)
    }
}

extension NodeRunner {
    /// A command that is `node --test` with simple words. A pattern stays one: whoever runs the files takes it apart as a shell would.
    static func parse(_ command: String) -> NodeRunner? {
        guard !command.contains("$") else { return nil }
        var words = command.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
        guard words.first == "node", let test = words.firstIndex(of: "--test") else { return nil }
        words.remove(at: test)
        words.removeFirst()
        var plain: [String] = []
        for word in words {
            if let quote = word.first, quote == "'" || quote == "\"" {
                let inside = word.dropFirst().dropLast()
                guard word.count >= 2, word.last == quote, !inside.contains(where: { "'\"\\`".contains($0) }) else { return nil }
                plain.append(String(inside))
            } else if word.contains(where: { "\\`;&|<>()[]{}!#~'\"\n\r".contains($0) }) {
                return nil
            } else {
                // To a shell two stars are one.
                var pattern = word
                while pattern.contains("**") { pattern = pattern.replacing("**", with: "*") }
                plain.append(pattern)
            }
        }
        return NodeRunner(plain, command: command)
    }
}
