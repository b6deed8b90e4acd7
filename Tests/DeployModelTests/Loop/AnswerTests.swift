import DeployModel
import Testing

/// What people's answers come to by a policy.
struct AnswerTests {
    private let policy: ApprovalPolicy
    private var waiting = Sample.deployment(1, "a", .approve, .awaitingApproval)

    init() throws {
        policy = try PolicySample.policy()
        waiting.approvalReasons = [.historyRewritten]
    }

    private func ruling(
        _ decision: DeployDecision, _ deployment: Deployment, _ policy: Result<ApprovalPolicy, PolicyFault>? = nil,
        at now: Timestamp = Sample.now
    ) throws -> Ruling {
        let standing = Standing(
            open: [deployment], running: nil, tip: deployment.commit, hold: nil, quarantine: [], nextNumber: 9, working: nil,
            marked: [], canReload: true, policy: policy ?? .success(self.policy))
        return try DecisionRule(standing, Past(deployments: [deployment]), at: now)
            .ruling(on: OpenDecision(id: 1, decision: decision, caller: Sample.admin, at: now))
    }

    private func approve(
        _ person: String, _ deployment: Deployment, at now: Timestamp = Sample.now, _ change: (inout AnswerClaim) -> Void = { _ in }
    ) throws -> Ruling {
        var claim = PolicySample.claim(person, policy)
        change(&claim)
        return try ruling(.approve(commit: "aaaaaaa", by: claim), deployment, at: now)
    }

    private func refusal(_ ruling: Ruling) -> String? {
        guard case .refused(let error) = ruling.answer, ruling.changes.isEmpty else { return nil }
        return error.message
    }

    @Test func `it waits on until as many have agreed as are needed`() throws {
        let one = try #require(try approve("ada", waiting).changes.saved.first)
        #expect(one.approval == nil && one.waitsForHuman && one.answers?.map(\.person) == ["ada"])
        #expect(one.answers?.first?.expires == Timestamp(milliseconds: Sample.now.milliseconds + 3_600_000))
        // The same person twice counts once, and changes nothing.
        #expect(try approve("ada", one) == Ruling(.deployment(1)))
        let two = try #require(try approve("ken", one, at: Sample.later).changes.saved.first)
        let approval = try #require(two.approval)
        #expect(approval.by.contains("ada, by the SSH key") && approval.by.contains("ken, by the SSH key"))
        #expect(approval.at == Sample.later && !two.waitsForHuman)
    }

    @Test func `an answer that has expired is asked for again`() throws {
        let one = try #require(try approve("ada", waiting).changes.saved.first)
        let late = Timestamp(milliseconds: Sample.now.milliseconds + 3_600_000)
        let two = try #require(try approve("ken", one, at: late).changes.saved.first)
        #expect(two.approval == nil && two.answers?.first?.void?.contains("expired") == true)
        let three = try #require(try approve("ada", two, at: late).changes.saved.first)
        #expect(three.approval != nil && three.answers?.count == 3)
    }

    @Test func `what was signed before an answer became void is not taken, by whomever it was signed`() throws {
        let one = try #require(try approve("ada", waiting) { $0.voided = 0 }.changes.saved.first)
        #expect(one.answers?.first?.voidBefore == 0)
        #expect(try approve("ken", one) { $0.voided = 0 }.changes.saved.first?.approval != nil)
        let late = Timestamp(milliseconds: Sample.now.milliseconds + 3_600_000)
        for person in ["ada", "ken"] {
            #expect(
                refusal(try approve(person, one, at: late) { $0.voided = 0 })
                    == "an answer has become void since you looked: review again")
            #expect(try approve(person, one, at: late) { $0.voided = 1 }.changes.saved.first?.answers?.count == 2)
        }
        var claim = PolicySample.claim("ada", policy)
        claim.voided = 0
        #expect(refusal(try ruling(.reject(commit: "aaaaaaa", reason: "no", by: claim), one, at: late))?.contains("void") == true)
    }

    @Test func `nobody approves what they made, under whichever name`() throws {
        var made = waiting
        made.makers = MakerList([Maker(name: "ada l.", email: "elsewhere@example.org")], isCut: false)
        #expect(refusal(try approve("ada", made))?.contains("nobody approves what they made, and ada made this") == true)
        // Nor by being root, of whom nobody knows who it is.
        #expect(refusal(try ruling(.approve(commit: "aaaaaaa"), made))?.contains("does not ask root") == true)
        let one = try #require(try approve("ken", made).changes.saved.first)
        #expect(try approve("grace", one).changes.saved.first?.approval != nil)
    }

    @Test func `who is not asked, not known, or looked at something else is refused`() throws {
        #expect(refusal(try ruling(.approve(commit: "aaaaaaa"), waiting))?.contains("--sign KEY") == true)
        #expect(refusal(try approve("eve", waiting)) == "eve is nobody whom the approval policy knows")
        #expect(refusal(try approve("ada", waiting) { $0.policy = "p0" })?.contains("the approval policy has changed") == true)
        #expect(refusal(try approve("ada", waiting) { $0.tree = "tree of b" }) == "the commit moved: review again")
        #expect(refusal(try approve("ada", waiting) { $0.shown = "d" })?.contains("review again") == true)
        let broken = try ruling(
            .approve(commit: "aaaaaaa", by: PolicySample.claim("ada", policy)), waiting, .failure(PolicyFault(line: 3, "no")))
        #expect(refusal(broken) == "nobody can agree while the approval policy cannot be read: line 3: no")
    }

    @Test func `one rejection ends it, of a maker too, and of root whatever the policy says`() throws {
        var one = try #require(try approve("ken", waiting).changes.saved.first)
        one.makers = MakerList([Maker(name: "x", email: "ada@example.org")], isCut: false)
        let no = try ruling(.reject(commit: "aaaaaaa", reason: "no", by: PolicySample.claim("ada", policy)), one)
        let rejected = try #require(no.changes.saved.first)
        #expect(rejected.state == .rejected && rejected.reason == "a human: no")
        #expect(rejected.answers?.map(\.verdict) == [.approve, .reject])
        for policy in [.success(policy), .failure(PolicyFault(line: 1, "no"))] as [Result<ApprovalPolicy, PolicyFault>] {
            let ended = try ruling(.reject(commit: "aaaaaaa", reason: "no"), one, policy)
            #expect(ended.changes.saved.first?.state == .rejected)
        }
    }

    @Test func `force is a right of its own that takes a reason`() throws {
        func force(_ text: String, because reason: String? = nil) throws -> Ruling {
            let policy = try PolicySample.policy(text)
            return try ruling(.deploy(commit: waiting.commit, force: true, because: reason), waiting, .success(policy))
        }
        #expect(refusal(try force(PolicySample.twoOfThree, because: "night"))?.contains("gives nobody force") == true)
        let granted = PolicySample.twoOfThree + "[force]\nfrom = root\n"
        #expect(refusal(try force(granted))?.contains("needs a reason") == true)
        let forced = try #require(try force(granted, because: "night").changes.saved.first)
        #expect(forced.forcedBy == "root (uid 0)" && forced.forceReason == "night")
    }

    @Test func `what was answered is judged again by the policy of the moment`() throws {
        let one = try #require(try approve("ada", waiting).changes.saved.first)
        let both = try #require(try approve("ken", one).changes.saved.first)
        func objection(_ policy: Result<ApprovalPolicy, PolicyFault>) -> String? {
            ApprovalRule.objection(to: both, by: policy, at: Sample.later)
        }
        #expect(objection(.success(policy)) == nil)
        let without = PolicySample.twoOfThree.replacing("[person ken]\nkey = \(PolicySample.key(2))", with: "").replacing(
            "ada, ken", with: "ada")
        #expect(objection(.success(try PolicySample.policy(without, "p2")))?.contains("ken is no longer in the policy") == true)
        #expect(objection(.failure(PolicyFault(line: 1, "no")))?.contains("cannot be read") == true)
        #expect(objection(.success(.rootAlone)) != nil)
        var older = waiting
        older.approval = Approval(commit: waiting.commit, tree: "tree of a", by: "root", at: Sample.now)
        #expect(ApprovalRule.objection(to: older, by: .success(.rootAlone), at: Sample.later) == nil)
        #expect(ApprovalRule.objection(to: older, by: .success(policy), at: Sample.later) != nil)
    }
}
