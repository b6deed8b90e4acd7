import Fence
import TestSupport
import Testing

/// What AGENT_VIEW_HIDE hides is not in what tests and builds see of the host either.
@Suite(.timeLimit(.minutes(5)))
struct `Hidden names among what tests read` {
    private func fence(reading path: String) throws -> Fence {
        Fence.confinedTool(
            name: "test", user: testUser, host: try .all(hiding: ["/**/.env", "/**/.keys"], reading: [path]), writable: [],
            workingDirectory: "/")
    }

    /// Has the host's shell make `shown` in a directory that everybody may enter, and passes the path of that.
    private func withTree(_ script: String, _ body: (String) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            try run("sh", ["-ec", "mkdir shown; cd shown; " + script], workingDirectory: directory).requireSuccess()
            try body(directory + "/shown")
        }
    }

    @Test func `are covered: files, directories, and links wherever they lead`() throws {
        let tree = """
            mkdir -p app .keys app/.keys.d outer; echo a > app/.env; echo b > .keys/key; echo c > settings; echo d > app/plain
            ln -s ../settings outer/.env; ln -s app outer/.keys; ln -s /nowhere app/.keys
            """
        try withTree(tree) { shown in
            let script = """
                cd \(shown); ls -A .keys; for name in app/.env outer/.env outer/.keys outer/.keys/plain app/.keys; do
                cat $name 2>/dev/null && echo "$name was read"; readlink $name && echo "$name was seen"
                done; cat settings app/plain
                """
            let finished = try confined(["sh", "-c", script], in: try fence(reading: shown))
            #expect(finished.output == "c\nd\n", "\(finished)")
        }
    }

    @Test func `are found below a name that is not UTF-8, and nothing runs where they cannot be covered`() throws {
        let directory = #"name=$(printf 'a\377b'); mkdir "$name"; echo plain > "$name/plain"; "#
        try withTree(directory) { shown in
            let finished = try confined(["sh", "-c", "cat \(shown)/*/plain"], in: try fence(reading: shown))
            #expect(finished.output == "plain\n", "\(finished)")
        }
        for secret in [#"echo secret > "$name/.env""#, #"ln -s plain "$name/.env""#, #"mkfifo "$name/door""#] {
            try withTree(directory + secret) { shown in
                let error = #expect(throws: FenceError.self) { try fence(reading: shown) }
                #expect(
                    error?.description.contains("cannot be covered: its path is not UTF-8") == true,
                    "\(secret): \(String(describing: error))")
            }
        }
    }

    @Test func `are no reason to look less far: a directory that cannot be opened is an error`() throws {
        // Deeper than a path may be long.
        let script = """
            import os
            for number in range(20):
                os.mkdir("d" * 250); os.chdir("d" * 250)
            open(".env", "w").close()
            """
        try withTree("python3 -I -c '\(script)'") { shown in
            let error = #expect(throws: FenceError.self) { try fence(reading: shown) }
            #expect(error?.description.contains("cannot be looked through") == true, "\(String(describing: error))")
        }
    }
}
