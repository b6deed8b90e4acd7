import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport

/// A farm whose repository has a client in `client`, with a script for its build, and where that is published.
enum ClientFarm {
    static func make(_ farm: inout Farm) {
        farm.settings.client.buildCommand = "sh build.sh"
        farm.settings.client.publicDirectory = farm.root + "/public"
    }

    /// A client whose page says `word`, in a chunk named by its contents. No bundler: what is tried is what comes after.
    static func files(_ word: String, more: String = "") -> [String: String?] {
        [
            "client/package.json": "{\"name\": \"client\"}",
            "client/build.sh": """
            set -e
            mkdir -p dist/assets
            body="document.body.textContent = '\(word)'; // \(String(repeating: "x", count: 2000))"
            hash=$(printf %s "$body" | sha256sum | cut -c1-12)
            printf %s "$body" > dist/assets/app-$hash.js
            printf '%s' '\(word)' > dist/word.txt
            echo map > dist/assets/app-$hash.js.map
            printf '<!doctype html><script type=module src=/assets/app-%s.js></script>' $hash > dist/index.html
            \(more)

            """,
        ]
    }

    static func index(_ farm: Farm) throws -> String { try readFile(farm.settings.clientPublic + "/index.html") }

    /// The chunk that the published index names, as it is there; an error where it is not.
    static func chunk(_ farm: Farm) throws -> String {
        let page = PageScan(Array(try index(farm).utf8))
        guard let reference = page.references.first, case .file(let path) = PageReference.meaning(of: reference) else {
            throw TestFailure("the index names nothing")
        }
        return try readFile(farm.settings.clientPublic + "/" + path)
    }

    static func says(_ word: String, _ farm: Farm) throws -> Bool {
        try chunk(farm).contains("'\(word)'") && readFile(farm.settings.clientPublic + "/word.txt") == word
    }

    static func names(_ farm: Farm) throws -> [String] {
        try run("find", [farm.settings.clientPublic, "-mindepth", "1", "-printf", "%P\n"]).output.split(separator: "\n").map(
            String.init
        ).sorted()
    }
}
