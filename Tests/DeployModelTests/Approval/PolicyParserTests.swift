import DeployModel
import Testing

/// The text of an approval policy.
struct PolicyParserTests {
    @Test func `people, groups and rules are read, with comments and spaces between`() throws {
        let policy = try PolicySample.policy(
            """
            # who may answer
            [person ada]
              author = Ada@Example.org
            key = valid-after=20260101Z,valid-before=202702010830Z \(PolicySample.key(1)) a laptop

            [group ops]\r
            members = ada
            [rule tests]
            paths = tests/**, /Makefile
            reasons = test_surface, tests_vanished
            from = ops
            expires = 12h
            [rule rest]
            from = root
            [force]
            from = root
            """)
        let ada = try #require(policy.person("ada"))
        #expect(ada.authors == ["ada@example.org"])
        let key = try #require(ada.keys.first)
        #expect(key.comment == "a laptop" && "\(key.type) \(key.base64)" == PolicySample.key(1))
        #expect(
            key.validity.after == Timestamp("2026-01-01T00:00:00.000Z")
                && key.validity.before == Timestamp("2027-02-01T08:30:00.000Z"))
        #expect(policy.rules.map(\.name) == ["tests", "rest"])
        #expect(policy.rules[0].reasons == [.testSurface, .testsVanished] && policy.rules[0].expires == 43_200_000)
        #expect(policy.rules[0].pathTexts == ["tests/**", "/Makefile"])
        #expect(policy.names(from: policy.rules[0]) == ["ada"] && policy.rules[1].matchesAll)
        #expect(policy.rootMayForce)
    }

    @Test func `comments and spaces change no policy, and everything else does`() {
        let text = "[person ada]\nkey = a b\n"
        #expect(ApprovalPolicy.meaning(of: "# c\n\n [person ada] \n\tkey=a b\r\n") == ApprovalPolicy.meaning(of: text))
        #expect(ApprovalPolicy.meaning(of: "[person ada]\nkey = a  b\n") != ApprovalPolicy.meaning(of: text))
    }

    private static let ada = "[person ada]\nkey = \(PolicySample.key(1))\n"
    private static let rest = "[rule rest]\nfrom = ada\n"

    @Test(arguments: [
        ("", "there is no [rule NAME]"),
        ("key = a", "line 1: `key` stands before the first section"),
        ("[person]", "line 1: “[person]” is no section"),
        ("[person Ada]", "line 1: “Ada” is no name"),
        ("[person root]", "line 1: `root` is who is root on this machine"),
        ("[person ada", "line 1: “[person ada” has no closing bracket"),
        ("[people ada]", "line 1: “[people ada]” is no section"),
        ("[person ada]\nkeys = a", "line 2: “keys” is not a key of this section: it knows author, key, passkey"),
        ("[person ada]\nkey", "line 2: “key” is neither a [section]"),
        ("[person ada]\nauthor =", "line 2: `author` has no value"),
        ("[person ada]\nkey = ssh-dss AAAA", "line 2: “ssh-dss” is no kind of key"),
        ("[person ada]\nkey = ssh-ed25519", "line 2: a key is what stands in its .pub file"),
        ("[person ada]\nkey = ssh-ed25519 AAAA", "line 2: “AAAA” is no public key of kind ssh-ed25519"),
        ("[person ada]\nkey = ssh-rsa \(PolicySample.key(1).dropFirst(12))", "is no public key of kind ssh-rsa"),
        ("[person ada]\nkey = valid-before=soon \(PolicySample.key(1))", "line 2: “valid-before=soon” is no option of a key"),
        (
            "[person ada]\nkey = valid-before=20260230Z,x=20260230Z \(PolicySample.key(1))",
            "line 2: “x=20260230Z” is no option of a key"
        ),
        ("[person ada]\npasskey = a b", "line 2: a passkey is its id and its public key"),
        ("[person ada]\n[person ada]", "line 2: [person ada] is there twice"),
        ("[person ada]\n[group ada]", "line 2: ada is the name of a person and of a group"),
        (ada + "[group all]\n" + rest, "line 3: group all has no members"),
        (ada + "[group all]\nmembers = ada, ken\n" + rest, "line 3: group all names “ken”, who is no person"),
        (ada + "[group all]\nmembers = ada,,ken\n" + rest, "line 4: an entry between two commas is empty"),
        (ada + "[group all]\nmembers = ada, ada\n" + rest, "line 4: an entry is there twice"),
        (ada + "[person ada2]\nkey = \(PolicySample.key(1))\n" + rest, "is ada's already: one person has one name"),
        ("[person ada]\nauthor = A@b\n[person eve]\nauthor = a@B\n" + rest, "line 4: the author “a@B” is ada's already"),
        (ada + "[rule all]\nneed = 1\n", "line 3: rule all: `from` is missing"),
        (ada + "[rule all]\nfrom = ken\n", "line 3: rule all: “ken” is no person and no group"),
        (ada + "[rule all]\nfrom = ada\nneed = 2\n", "line 3: rule all: it needs 2 people and names 1"),
        (ada + "[rule all]\nfrom = ada, root\nneed = 2\n", "line 3: rule all: `root` is nobody in particular"),
        (ada + "[rule all]\nfrom = ada\nneed = none\n", "line 5: “none” people cannot be needed"),
        (ada + "[rule all]\nfrom = ada\nneed = 0\n", "line 5: “0” people cannot be needed"),
        (ada + "[rule all]\nfrom = ada\nfrom = ada\n", "line 5: `from` is set twice"),
        (ada + "[rule all]\nfrom = ada\nexpires = 3\n", "line 5: “3” is no time"),
        (ada + "[rule all]\nfrom = ada\nreasons = tests\n", "line 5: “tests” is no reason for asking; reasons are test_surface,"),
        (ada + "[rule all]\nfrom = ada\npaths = a/../b\n", "line 5: pattern “a/../b”"),
        (ada + "[rule tests]\npaths = tests\nfrom = ada\n", "line 3: the last rule, tests, has to be about everything else"),
        (ada + rest + "[rule more]\nfrom = ada\n", "line 5: rule more is never reached"),
        (ada + rest + "[force]\nfrom = ada\n", "line 6: force is asked for on the machine"),
    ])
    func `what cannot be meant is refused, with its line`(text: String, words: String) {
        #expect { _ = try PolicySample.policy(text) } throws: { "\($0)".contains(words) }
    }

    @Test func `a passkey has the options of a key, and whose key or passkey counts no more can answer nothing`() throws {
        let line = String(repeating: "A", count: 43) + " " + String(repeating: "A", count: 124)
        func policy(_ options: String) throws -> ApprovalPolicy {
            try PolicySample.policy("[person ada]\npasskey = \(options)\(line) a phone\n[rule all]\nfrom = ada\n")
        }
        let late = try policy("valid-after=20200101Z,valid-before=20200201Z ")
        let passkey = try #require(late.people.first?.passkeys.first)
        #expect(passkey.comment == "a phone" && passkey.validity.before == Timestamp("2020-02-01T00:00:00.000Z"))
        #expect(late.unmeetable(at: Sample.now).map(\.rule.name) == ["all"])
        #expect(try policy("").unmeetable(at: Sample.now).isEmpty)
        #expect { _ = try policy("valid-until=20200101Z ") } throws: { "\($0)".contains("is no option of a key") }
    }

    @Test func `a rule that too few can answer is told of`() throws {
        let policy = try PolicySample.policy(
            "[person ada]\n[person ken]\nkey = \(PolicySample.key(2))\n[rule two]\nfrom = ada, ken\nneed = 2\nreasons = hints\n[rule rest]\nfrom = ada, ken\n"
        )
        #expect(policy.unmeetable(at: Sample.now).map(\.rule.name) == ["two"])
        #expect(policy.unmeetable(at: Sample.now).first?.why.contains("only ken can answer") == true)
    }
}
