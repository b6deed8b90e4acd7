import DeployModel
import Testing

struct RuleTests {
    private let commit = CommitID(String(repeating: "a", count: 40))!
    private let other = CommitID(String(repeating: "b", count: 40))!
    private let now = Timestamp(milliseconds: 1_700_000_000_000)

    @Test(arguments: [true, false], [true, false])
    func `who has to agree follows from what changed`(required: Bool, touched: Bool) {
        for other in [true, false] {
            let reasons = ApprovalRule.reasons(
                .init(
                    required: required, surfaceTouched: touched, historyRewritten: other, testsVanished: touched,
                    baselineUnreadable: other, hinted: touched, bringsStandIns: other, testsAreNumb: touched))
            #expect(reasons.contains(.testSurface) == (required && touched))
            #expect(reasons.contains(.testsVanished) == (required && touched))
            #expect(reasons.contains(.historyRewritten) == other)
            #expect(reasons.contains(.baselineUnreadable) == other)
            #expect(reasons.contains(.hints) == (required && touched))
            #expect(reasons.contains(.standIns) == other)
        }
    }

    @Test func `an approval is good for its commit and tree while nothing is newer`() {
        let approval = Approval(commit: commit, tree: "t", by: "admin", at: now)
        func objection(_ approval: Approval?, _ commit: CommitID, _ tree: String, tip: CommitID) -> String? {
            ApprovalRule.objection(to: approval, commit: commit, tree: tree, newestTip: tip)
        }
        #expect(objection(approval, commit, "t", tip: commit) == nil)
        #expect(objection(nil, commit, "t", tip: commit) != nil)
        #expect(objection(approval, other, "t", tip: other) != nil)
        #expect(objection(approval, commit, "u", tip: commit) != nil)
        #expect(objection(approval, commit, "t", tip: other) != nil)
    }

    @Test func `quarantine holds the commit, its tree, and what is built on it without reverting it`() {
        let entry = Quarantine(commit: commit, tree: "bad", good: nil, reason: "sick", since: now)
        func blocks(_ id: CommitID, _ tree: String, descends: Bool = false, reverted: Bool = false) -> Bool {
            QuarantineRule.blocks(entry, commit: id, tree: tree, relation: .init(descends: descends, reverted: reverted))
        }
        #expect(blocks(commit, "bad"))
        #expect(blocks(other, "bad"))
        #expect(blocks(other, "new", descends: true))
        #expect(!blocks(other, "new", descends: true, reverted: true))
        #expect(!blocks(other, "new"))
    }
}
