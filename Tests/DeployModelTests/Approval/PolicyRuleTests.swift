import DeployModel
import Testing

/// Which rules a change has to meet, and whose answers count.
struct PolicyRuleTests {
    private static let rules =
        PolicySample.people + """

            [rule payments]
            paths = /payments/**
            from = grace
            [rule tests]
            paths = tests/**
            reasons = test_surface, hints
            from = ken
            [rule judges]
            reasons = test_surface, numb_tests
            from = ada, ken
            need = 2
            [rule rest]
            from = ada
            """

    private func asked(
        _ reasons: [ApprovalReason], surface: [String] = [], changes: [String] = [], total: Int? = nil
    ) -> Deployment {
        var deployment = Sample.deployment(1, "a", .approve, .awaitingApproval)
        deployment.approvalReasons = reasons
        deployment.surface = surface
        deployment.changes = ChangeSummary(added: total ?? changes.count, modified: 0, deleted: 0, paths: changes)
        return deployment
    }

    private func rules(_ deployment: Deployment) throws -> [String] {
        try PolicySample.policy(Self.rules).rules(for: deployment).map(\.name)
    }

    @Test func `for each thing that is asked about the first rule that matches counts`() throws {
        #expect(try rules(asked([.testSurface], surface: ["M tests/a.py"])) == ["tests"])
        #expect(try rules(asked([.testSurface], surface: ["M tests/a.py", "M Makefile"])) == ["tests", "judges"])
        #expect(try rules(asked([.testSurface], surface: ["M payments/tests/a.py"])) == ["payments"])
        #expect(try rules(asked([.testSurface, .historyRewritten], surface: ["M tests/a.py"])) == ["tests", "rest"])
        #expect(try rules(asked([.policyPaths], changes: ["M payments/a.py", "M other.py"])) == ["payments"])
        #expect(try rules(asked([.numbTests])) == ["judges"])
        #expect(try rules(asked([])) == ["rest"])
    }

    @Test func `where not every path is listed, each rule that might be meant has to be met`() throws {
        let many = (0..<ChangeSummary.listed).map { "M tests/\($0).py" }
        #expect(try rules(asked([.testSurface], surface: many)) == ["payments", "tests", "judges"])
        var long = asked([.testSurface], surface: ["M tests/a.py"])
        long.unlistedSurface = 1
        #expect(try rules(long) == ["payments", "tests", "judges"])
        #expect(try rules(asked([.policyPaths], changes: ["M payments/a"], total: 201)) == ["payments", "rest"])
        #expect(try rules(asked([.hints])) == ["payments", "tests", "rest"])
    }

    @Test func `an answer counts by the security key that it was given with, not by another that looks like it`() throws {
        let text = """
            [person ada]
            key = valid-before=20200101Z \(PolicySample.securityKey(1)) ada@laptop
            key = \(PolicySample.securityKey(2)) ada@laptop
            [rule all]
            from = ada
            """
        let policy = try PolicySample.policy(text)
        let keys = try #require(policy.person("ada")).keys
        #expect(keys[0].label != keys[1].label)
        var waiting = asked([.historyRewritten])
        for (key, counts) in zip(keys, [false, true]) {
            let claim = AnswerClaim(person: "ada", proof: .sshsig, key: key.label, signature: "s", policy: policy.digest)
            waiting.answers = [
                PersonAnswer(
                    .approve, by: claim, of: Sample.admin, on: waiting, tree: "tree of a", policy: policy.digest, at: Sample.now)
            ]
            #expect(ApprovalStanding(of: waiting, by: policy, at: Sample.now).isMet == counts, "\(key.label)")
        }
    }

    @Test func `paths that a rule names for whatever reason are asked about though nothing else is`() throws {
        let policy = try PolicySample.policy(Self.rules)
        #expect(policy.asks(about: asked([], changes: ["M payments/a.py"])))
        #expect(!policy.asks(about: asked([], changes: ["M src/payments/a.py"])))
        // Those of a rule with reasons are not: it is about changes that are asked about anyway.
        #expect(!policy.asks(about: asked([], changes: ["M tests/a.py"])))
        #expect(policy.asks(about: asked([], changes: ["M src/a.py"], total: 201)))
        #expect(!ApprovalPolicy.rootAlone.asks(about: asked([], changes: ["M payments/a.py"], total: 201)))
    }

    @Test func `who makes commits under any of their names has made them`() throws {
        let policy = try PolicySample.policy()
        func made(_ name: String, _ email: String, isCut: Bool = false) -> Bool {
            var deployment = asked([.testSurface])
            deployment.makers = MakerList([Maker(name: name, email: email)], isCut: isCut)
            return policy.hasMade(deployment, "ada")
        }
        #expect(made("Somebody", "Ada@Example.ORG"))
        #expect(made("ADA L.", "other@example.org"))
        #expect(!made("Ken", "ken@example.org"))
        #expect(made("Ken", "ken@example.org", isCut: true))
    }

    private func answered(
        _ people: [String], _ policy: ApprovalPolicy, at: Timestamp = Sample.now, expires: Timestamp? = nil
    ) -> Deployment {
        var deployment = asked([.historyRewritten])
        deployment.answers = people.map {
            PersonAnswer(
                .approve, by: PolicySample.claim($0, policy), of: Sample.admin, on: deployment, tree: deployment.tree!,
                policy: policy.digest, at: at, expires: expires)
        }
        return deployment
    }

    @Test func `two of three are enough, one of them twice is not`() throws {
        let policy = try PolicySample.policy()
        func standing(_ people: String...) -> ApprovalStanding {
            ApprovalStanding(of: answered(people, policy), by: policy, at: Sample.now)
        }
        #expect(!standing().isMet && !standing("ada").isMet && !standing("ada", "ada").isMet)
        #expect(standing("ada", "ken").isMet && standing("ken", "grace").isMet)
        #expect(standing("ken").lack == "rule all needs 1 more answer, from ada, grace")
    }

    @Test func `an answer is void for another tree, policy, person, key or picture, when it has expired, and before its time`()
        throws
    {
        let policy = try PolicySample.policy()
        let later = Timestamp(milliseconds: Sample.now.milliseconds + 3_600_000)
        func isMet(
            _ policy: ApprovalPolicy, at now: Timestamp = Sample.now, _ change: (inout Deployment) -> Void = { _ in }
        ) throws -> Bool {
            var deployment = answered(["ada", "ken"], try PolicySample.policy(), expires: later)
            change(&deployment)
            return ApprovalStanding(of: deployment, by: policy, at: now).isMet
        }
        #expect(try isMet(policy))
        #expect(try !isMet(policy) { $0.tree = "another" })
        #expect(try !isMet(policy) { $0.shown = "another" })
        #expect(try !isMet(policy, at: later))
        #expect(try isMet(policy, at: Timestamp(milliseconds: Sample.now.milliseconds - 60_000)))
        #expect(try !isMet(policy, at: Timestamp(milliseconds: Sample.now.milliseconds - 60_001)))
        #expect(try !isMet(PolicySample.policy(PolicySample.twoOfThree, "p2")))
        // As long as the digest were the same: a person, a key or its time gone.
        #expect(
            try !isMet(
                PolicySample.policy(
                    PolicySample.twoOfThree.replacing("[person ken]", with: "[person kim]").replacing("ada, ken", with: "ada, kim"))
            ))
        #expect(try !isMet(PolicySample.policy(PolicySample.twoOfThree.replacing(PolicySample.key(2), with: PolicySample.key(9)))))
        #expect(
            try !isMet(
                PolicySample.policy(
                    PolicySample.twoOfThree.replacing(PolicySample.key(2), with: "valid-before=20200101Z \(PolicySample.key(2))"))))
        #expect(try !isMet(policy) { $0.makers = MakerList([Maker(name: "x", email: "ada@example.org")], isCut: false) })
    }

    @Test func `a passkey that is gone or out of its time takes its answer along`() throws {
        let line = String(repeating: "A", count: 43) + " " + String(repeating: "A", count: 124)
        func policy(_ passkey: String) throws -> ApprovalPolicy {
            try PolicySample.policy(
                "[person ada]\nkey = \(PolicySample.key(1))\n\(passkey)[rule all]\nfrom = ada\n")
        }
        let given = try policy("passkey = \(line) phone\n")
        var deployment = asked([.historyRewritten])
        let claim = AnswerClaim(
            person: "ada", proof: .passkey, key: given.people.first?.passkeys.first?.label, signature: "s", policy: "p1")
        deployment.answers = [
            PersonAnswer(
                .approve, by: claim, of: Sample.admin, on: deployment, tree: deployment.tree!, policy: "p1", at: Sample.now)
        ]
        func void(_ policy: ApprovalPolicy) -> String? {
            ApprovalStanding(of: deployment, by: policy, at: Sample.now).answers.first?.void
        }
        #expect(void(given) == nil)
        // Were the digest the same.
        #expect(void(try policy(""))?.contains("no longer gives ada the key") == true)
        #expect(void(try policy("passkey = valid-before=20200101Z \(line) phone\n"))?.contains("has expired on") == true)
    }

    @Test func `what has come to count for nothing never counts again`() throws {
        let policy = try PolicySample.policy()
        let given = answered(["ada"], policy)
        let changed = given.sweptAnswers(by: try PolicySample.policy(PolicySample.twoOfThree, "p2"), at: Sample.now, seen: nil)
        #expect(changed.answers?.first?.void == "the policy has changed since")
        #expect(!ApprovalStanding(of: changed, by: policy, at: Sample.now).answers.contains { $0.void == nil })
        #expect(given.sweptAnswers(by: policy, at: Sample.later, seen: Sample.now) == given)
        let back = given.sweptAnswers(
            by: policy, at: Sample.later, seen: Timestamp(milliseconds: Sample.later.milliseconds + 60_001))
        #expect(back.answers?.first?.void?.contains("the clock was set back") == true)
    }

    @Test func `what is signed names everything that it is for`() throws {
        var deployment = asked([.testSurface])
        deployment.base = Sample.commit("b")
        deployment.shown = "d1"
        let policy = try PolicySample.policy()
        let text = try #require(AnswerText(.reject, on: deployment, by: policy, at: Sample.now, reason: "no\nway"))
        #expect(
            text.text == """
                pinfold answer 1
                decision: reject
                deployment: 1
                commit: \(Sample.commit("a"))
                tree: tree of a
                base: \(Sample.commit("b"))
                policy: p1
                surface: d1
                void: 0
                reason: no
                way

                """)
        let progress = ApprovalProgress(of: deployment, by: .success(policy), at: Sample.now)
        let waiting = StatusDocument.Waiting(
            deployment: 1, commit: deployment.commit, tree: "tree of a", reasons: [], files: [], since: Sample.now, answers: [],
            approval: progress)
        #expect(AnswerText(.reject, on: waiting, reason: "no\nway") == text)
    }

    @Test func `whatever makes an answer void makes what is signed another text`() throws {
        let policy = try PolicySample.policy()
        let late = Timestamp(milliseconds: Sample.now.milliseconds + 1)
        func text(_ deployment: Deployment, at now: Timestamp = Sample.now) throws -> String {
            let asked = try #require(AnswerText(.approve, on: deployment, by: policy, at: now)).text
            // Whoever reads the status is asked the same.
            let waiting = StatusDocument.Waiting(
                deployment: 1, commit: deployment.commit, tree: "tree of a", reasons: [], files: [], since: now, answers: [],
                approval: ApprovalProgress(of: deployment, by: .success(policy), at: now))
            #expect(AnswerText(.approve, on: waiting)?.text == asked)
            return asked
        }
        let fresh = try text(answered([], policy))
        let given = answered(["ada", "ken"], policy, expires: late)
        #expect(try text(given) == fresh)
        #expect(try text(given, at: late) == fresh.replacing("void: 0", with: "void: 2"))
        var one = given
        one.answers?[0].void = "it was"
        #expect(try text(one) == fresh.replacing("void: 0", with: "void: 1"))
    }
}
