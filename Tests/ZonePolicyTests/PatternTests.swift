import Patterns
import TestSupport
import Testing
import ZonePolicy

@Suite struct `Patterns` {
    static func components(_ path: String) -> [[UInt8]] { path.split(separator: "/").map { Array($0.utf8) } }

    static let table: [(pattern: String, matches: [String], not: [String])] = [
        (
            "/etc/shadow*", ["/etc/shadow", "/etc/shadow-", "/etc/shadow/below"],
            ["/etc/shado", "/etc", "/x/etc/shadow", "/etc/x/shadow"]
        ),
        ("/a/?/c", ["/a/b/c"], ["/a/c", "/a/bb/c", "/a/b/d"]),
        ("/a/[a-c]x", ["/a/ax", "/a/cx"], ["/a/dx", "/a/x"]),
        ("/a/[!a-c]x", ["/a/dx"], ["/a/ax"]),
        ("/a/[^a]x", ["/a/bx"], ["/a/ax"]),
        ("/a/[]x]", ["/a/]", "/a/x"], ["/a/y"]),
        ("/a/[a-]", ["/a/a", "/a/-"], ["/a/b"]),
        ("/a/\\*", ["/a/*"], ["/a/b"]),
        ("/a/**/b", ["/a/b", "/a/x/b", "/a/x/y/b", "/a/b/c"], ["/a", "/a/x", "/b"]),
        ("/a/**", ["/a/b", "/a/b/c"], ["/a", "/b"]),
        ("/**/b", ["/b", "/a/b", "/a/c/b/d"], ["/a", "/a/bb"]),
        ("/a/**/**/b", ["/a/b", "/a/x/b"], ["/a/x"]),
        ("/a/*/**/b", ["/a/x/b", "/a/x/y/b"], ["/a/b"]),
        ("/a//b/", ["/a/b"], ["/a"]),
        ("/a/*b*c*", ["/a/bc", "/a/xbxcx", "/a/bbcc"], ["/a/cb", "/a/b"]),
        ("/a/**x", ["/a/x", "/a/yx"], ["/a/b/x"]),
        (
            ".git/hooks", ["/.git/hooks", "/x/.git/hooks", "/x/y/.git/hooks/z", "/.git/.git/hooks"],
            ["/.git", "/hooks", "/.git/x/hooks"]
        ),
        ("config", ["/config", "/a/config/b"], ["/configs"]),
        ("**/.env", ["/.env", "/a/b/.env"], ["/a/env"]),
        ("a/**/b", ["/a/b", "/x/a/y/b"], ["/b"]),
    ]

    @Test func `match as documented`() throws {
        for row in Self.table {
            let glob = try Glob(row.pattern)
            for path in row.matches { #expect(glob.matches(Self.components(path)), "\(row.pattern) on \(path)") }
            for path in row.not { #expect(!glob.matches(Self.components(path)), "\(row.pattern) on \(path)") }
        }
    }

    @Test func `the automaton carries what one pattern alone would say`() throws {
        for row in Self.table {
            let isAnchored = row.pattern.hasPrefix("/")
            // An anchored pattern hides anywhere; a floating one protects at any depth of code-repo.
            let subject = try PolicyUnderTest(hide: isAnchored ? [row.pattern] : [], protect: isAnchored ? [] : [row.pattern])
            for (paths, expected) in [(row.matches, true), (row.not, false)] {
                for path in paths {
                    let place = subject.place(isAnchored ? path : PolicyUnderTest.codeRepo + path)
                    #expect((isAnchored ? place.isHidden : place.isProtected) == expected, "\(row.pattern) on \(path)")
                }
            }
        }
    }

    @Test func `random paths and patterns agree with a match of one pattern at a time`() throws {
        var generator = SeededGenerator(seed: 0x7069_6e66)
        let names = ["a", "b", "ab", "ba", "c", "abc"]
        let pieces = ["a", "b", "*", "a*", "?", "**", "[ab]", "*b", "[!a]*"]
        for _ in 0..<300 {
            let patterns = (0..<4).map { _ in
                "/z/"
                    + (0..<Int.random(in: 1...4, using: &generator)).map { _ in pieces.randomElement(using: &generator) ?? "a" }
                    .joined(separator: "/")
            }
            let subject = try PolicyUnderTest(hide: patterns.filter { !$0.hasSuffix("/**") || $0 != "/z/**" }, protect: [])
            for _ in 0..<40 {
                let path =
                    "/z/"
                    + (0..<Int.random(in: 1...6, using: &generator)).map { _ in names.randomElement(using: &generator) ?? "a" }
                    .joined(separator: "/")
                let expected = subject.policy.hide.contains { $0.matches(Self.components(path)) }
                #expect(subject.place(path).isHidden == expected, "\(patterns) on \(path)")
            }
        }
    }

    @Test func `bytes that are no text match bytes`() throws {
        let glob = try Glob("/a/?[\u{1}-~]*")
        #expect(glob.matches([Array("a".utf8), [0xff, 0x41]]))
        #expect(!glob.matches([Array("a".utf8), [0xff, 0xfe]]))
    }

    @Test func `a long hostile name is matched in bounded time`() throws {
        let glob = try Glob("/" + String(repeating: "*a", count: 60) + "b")
        #expect(!glob.matches([[UInt8](repeating: UInt8(ascii: "a"), count: 255)]))
    }

    @Test func `what cannot be read is refused with a reason`() {
        for (pattern, reason) in [
            ("", "empty"), ("/", "root"), ("/a/[b", "without"), ("/a/../b", ".."), ("/./a", "."), ("**", "everything"),
            ("/**", "everything"),
            ("/a\\", "backslash"), ("/[z-a]", "backwards"), ("/a\0", "zero"),
        ] {
            let error = #expect(throws: GlobError.self) { try Glob(pattern) }
            #expect(error?.description.contains(reason) == true, "\(pattern): \(String(describing: error))")
        }
    }

    @Test func `hidden at any depth stops at the zones and an absolute pattern does not`() throws {
        let subject = try PolicyUnderTest(hide: ["**/.env", "/opt/agent-data/code-repo/**/secret", "/**/token"])
        #expect(subject.place("/srv/app/.env").isHidden)
        #expect(subject.place("/opt/agent-data/.env").isHidden)
        #expect(!subject.place("/opt/agent-data/code-repo/.env").isHidden)
        #expect(!subject.place("/opt/agent-data/sandbox/a/.env").isHidden)
        #expect(subject.place("/opt/agent-data/code-repo/a/secret").isHidden)
        #expect(!subject.place("/opt/agent-data/sandbox/a/secret").isHidden)
        #expect(subject.place("/opt/agent-data/sandbox/a/token").isHidden)
        #expect(subject.name(.create, "/opt/agent-data/code-repo/a/secret").code == EPERM)
        #expect(subject.name(.unlink, "/opt/agent-data/code-repo/a/secret").code == ENOENT)
        #expect(subject.rename("/opt/agent-data/sandbox/x", "/opt/agent-data/sandbox/token").code == EPERM)
        #expect(subject.rename("/opt/agent-data/sandbox/token", "/opt/agent-data/sandbox/x").code == ENOENT)
    }

    @Test func `an absolute protected pattern holds in any zone and keeps its directories in place`() throws {
        let subject = try PolicyUnderTest(protect: ["/opt/agent-data/sandbox/keep/*.txt"])
        #expect(subject.name(.create, "/opt/agent-data/sandbox/keep/a.txt").code == EPERM)
        #expect(subject.name(.create, "/opt/agent-data/sandbox/keep/a.md") == .allowed)
        #expect(subject.name(.create, "/opt/agent-data/code-repo/keep/a.txt") == .allowed)
        #expect(subject.rename("/opt/agent-data/sandbox/keep", "/opt/agent-data/sandbox/k", kind: .directory).code == -1)
        #expect(subject.move("/opt/agent-data/sandbox/keep", "/opt/agent-data/sandbox/k", holding: ["a.txt"]) != nil)
        #expect(subject.move("/opt/agent-data/sandbox/keep", "/opt/agent-data/sandbox/k", holding: ["a.md"]) == nil)
        #expect(subject.name(.makeSymbolicLink, "/opt/agent-data/sandbox/keep").refusal?.rule == .passage)
    }

    @Test func `a path with special bytes in it is a pattern of itself`() throws {
        let path = "/srv/a[b]*?\\c"
        let glob = try Glob(Glob.escape(path))
        #expect(glob.literalPath == Array(path.utf8))
        let policy = try AccessPolicy(source: "/", codeRepo: "/d[1]/c", sandbox: "/d[1]/s", hide: [], protect: [])
        #expect(policy.explain(Self.components("/d[1]/c/x"), .write).zone == .codeRepo)
        #expect(policy.explain(Self.components("/d1/c/x"), .write).zone == .view)
    }

    @Test func `patterns that combine without end fail closed`() throws {
        // Each directory on the way may or may not have been seen: 2^20 states.
        let patterns = (0..<20).map { "/z/**/n\($0)/**/x\($0)" }
        let subject = try PolicyUnderTest(hide: patterns, protect: [])
        var generator = SeededGenerator(seed: 7)
        var refused = 0
        for _ in 0..<3_000 {
            let names = (0..<20).filter { _ in Bool.random(using: &generator) }.map { "n\($0)" }
            let place = subject.place("/z/" + names.joined(separator: "/"))
            if place.isHidden { refused += 1 }
        }
        #expect(refused > 0)
        #expect(!subject.place("/srv/other").isHidden)
    }
}
