import Testing
import ZonePolicy

/// Every way to change something × every kind of place.
@Suite struct `Every change in every zone` {
    let subject: PolicyUnderTest
    init() throws { subject = try PolicyUnderTest() }

    /// A kind of place, a name in it, and what making, removing and changing it answer.
    static let places: [(what: String, path: String, makes: Int32, removes: Int32, changes: Int32)] = [
        ("the view", "/etc/hosts", EROFS, EROFS, EROFS),
        ("the view's root", "/file", EROFS, EROFS, EROFS),
        ("beside the zones", "/opt/agent-data/logs/server.log", EROFS, EROFS, EROFS),
        ("code-repo's own name", "/opt/agent-data/code-repo", EROFS, EROFS, 0),
        ("sandbox's own name", "/opt/agent-data/sandbox", EROFS, EROFS, 0),
        ("code-repo", "/opt/agent-data/code-repo/main.py", 0, 0, 0),
        ("deep in code-repo", "/opt/agent-data/code-repo/a/b/c/d", 0, 0, 0),
        ("sandbox", "/opt/agent-data/sandbox/x", 0, 0, 0),
        ("a name like a zone's", "/opt/agent-data/code-repo2/x", EROFS, EROFS, EROFS),
        ("a zone's name again inside it", "/opt/agent-data/sandbox/sandbox", 0, 0, 0),
        ("an ordinary name in .git", "/opt/agent-data/code-repo/.git/index", 0, 0, 0),
        ("a protected name", "/opt/agent-data/code-repo/.git/config", EPERM, EPERM, EPERM),
        ("a protected directory", "/opt/agent-data/code-repo/.git/hooks", EPERM, EPERM, EPERM),
        ("below a protected directory", "/opt/agent-data/code-repo/.git/hooks/pre-commit", EPERM, EPERM, EPERM),
        ("a protected name of a nested repository", "/opt/agent-data/code-repo/vendor/x/.git/config", EPERM, EPERM, EPERM),
        ("a protected name of a submodule", "/opt/agent-data/code-repo/.git/modules/a/b/config", EPERM, EPERM, EPERM),
        ("the same name in sandbox", "/opt/agent-data/sandbox/clone/.git/config", 0, 0, 0),
        ("a hidden name in the view", "/etc/shadow", EROFS, EROFS, ENOENT),
        ("below a hidden directory", "/root/.ssh/authorized_keys", ENOENT, ENOENT, ENOENT),
        ("the admin's socket", "/opt/agent-data/deployments/admin/admin.sock", ENOENT, ENOENT, ENOENT),
        (".env in a zone", "/opt/agent-data/code-repo/.env", 0, 0, 0),
    ]

    @Test func `making a name`() {
        for place in Self.places {
            for operation in NameOperation.allCases where operation.makes {
                let expected = operation == .makeDevice && place.makes == 0 ? EPERM : place.makes
                #expect(subject.name(operation, place.path).code == expected, "\(operation) at \(place.what)")
            }
        }
    }

    @Test func `removing a name`() {
        for place in Self.places {
            for operation in [NameOperation.unlink, .removeDirectory] {
                #expect(subject.name(operation, place.path).code == place.removes, "\(operation) at \(place.what)")
            }
        }
    }

    @Test func `changing a node`() {
        for place in Self.places {
            for operation in NodeOperation.allCases where operation != .read {
                #expect(subject.node(operation, place.path).code == place.changes, "\(operation) at \(place.what)")
            }
        }
    }

    @Test func `reading is refused for what is hidden alone`() {
        for place in Self.places {
            #expect(subject.node(.read, place.path).code == (subject.place(place.path).isHidden ? ENOENT : 0), "\(place.what)")
        }
    }

    @Test func `renaming between all pairs of places`() {
        for from in Self.places {
            for to in Self.places {
                for mode in RenameMode.allCases {
                    let decision = subject.rename(from.path, to.path, replacing: .file, mode: mode)
                    let what = "\(from.what) → \(to.what), \(mode)"
                    if from.removes != 0 || to.makes != 0 || mode == .whiteout {
                        let isSameContentCase = from.removes == 0 && to.makes == EPERM && mode == .replace
                        let sameZone = subject.place(from.path).zone == subject.place(to.path).zone
                        if isSameContentCase, sameZone {
                            #expect(decision.code == EPERM || decision.code == -1, "\(what)")
                        } else {
                            #expect(decision.code > 0, "\(what)")
                        }
                    } else if subject.place(from.path).zone != subject.place(to.path).zone {
                        #expect(decision.code == EXDEV, "\(what)")
                    } else {
                        #expect(decision.code == 0, "\(what)")
                    }
                }
            }
        }
    }

    @Test func `what is no name is refused`() {
        let sandbox = subject.place("/opt/agent-data/sandbox")
        for name in ["", ".", "..", "a/b", "/", "a\0b"] {
            let bytes = Array(name.utf8)
            for operation in NameOperation.allCases {
                #expect(subject.policy.decide(operation, bytes.span, in: sandbox).code == EINVAL)
            }
        }
        #expect(subject.policy.decide(.create, Array("..a".utf8).span, in: sandbox) == .allowed)
        #expect(subject.policy.decide(.create, [0xff, 0xfe].span, in: sandbox) == .allowed)
    }

    @Test func `zones are found below a narrower source and nothing outside it is in the view`() throws {
        let narrow = try PolicyUnderTest(source: "/opt/agent-data")
        #expect(narrow.place("/etc").zone == .outside)
        #expect(narrow.place("/opt").zone == .outside)
        #expect(narrow.place("/opt/agent-data").zone == .view)
        #expect(narrow.place("/opt/agent-data/logs/x").zone == .view)
        #expect(narrow.place("/opt/agent-data/code-repo/x").zone == .codeRepo)
        #expect(narrow.node(.write, "/etc/hosts").refusal?.rule == .outside)
        #expect(narrow.policy.root(of: .view) == narrow.place("/opt/agent-data"))
        #expect(narrow.policy.root(of: .sandbox) == narrow.place("/opt/agent-data/sandbox"))
    }

    @Test func `zones that overlap or lie elsewhere make no policy`() {
        for (source, codeRepo, sandbox) in [
            ("/srv", "/opt/a", "/srv/b"), ("/srv", "/srv", "/srv/b"), ("/", "/a", "/a/b"), ("/", "/a/b", "/a"), ("/", "/a", "/a"),
            ("/", "a", "/b"), ("/", "/a/../b", "/c"),
        ] {
            #expect(throws: PolicyError.self) {
                try AccessPolicy(source: source, codeRepo: codeRepo, sandbox: sandbox, hide: [], protect: [])
            }
        }
    }
}
