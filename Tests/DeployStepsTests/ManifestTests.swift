import DeploySteps
import DurableFiles
import TestSupport
import Testing

/// What proves later that a backup still is what was copied.
struct ManifestTests {
    private func withTree(_ body: (String) throws -> Void) throws {
        try withTemporaryDirectory { root in
            try shell(
                "mkdir -p a/b; echo one > a/one; printf '\\377' > \"$(printf 'a/b/\\377\\n')\"; ln -s one a/link; chmod 600 a/one",
                workingDirectory: root
            ).requireSuccess()
            try body(root)
        }
    }

    @Test func `it is the same after it was written and read`() throws {
        try withTree { root in
            let manifest = try Manifest(of: root)
            #expect(manifest.entries.count == 5)
            #expect(Manifest(encoded: manifest.encoded) == manifest)
        }
    }

    @Test func `one that was cut off or altered anywhere is none`() throws {
        try withTree { root in
            let bytes = try Manifest(of: root).encoded
            for count in bytes.indices { #expect(Manifest(encoded: Array(bytes[..<count])) == nil, "\(count)") }
            for index in bytes.indices {
                var altered = bytes
                altered[index] ^= 1
                #expect(Manifest(encoded: altered) == nil, "\(index)")
            }
        }
    }

    @Test(arguments: [
        ("echo two > a/one", "a/one"), ("chmod 644 a/one", "a/one"), ("rm a/link", "a/link"), ("ln -sfn two a/link", "a/link"),
        ("touch a/new", "a/new"), ("chmod 700 a", "a"), ("rm a/link; echo one > a/link", "a/link"),
    ])
    func `whatever changes in content, kind or permissions is a difference`(_ change: String, _ path: String) throws {
        try withTree { root in
            let before = try Manifest(of: root)
            #expect(try Manifest(of: root).differences(from: before).isEmpty)
            try shell(change, workingDirectory: root).requireSuccess()
            #expect(try Manifest(of: root).differences(from: before) == [Array(path.utf8)])
        }
    }
}
