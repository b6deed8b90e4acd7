import DeployModel
import Testing

/// What a decision comes to.
struct DecisionTests {
    private func ruling(
        _ decision: DeployDecision, _ open: [Deployment] = [], past: [Deployment] = [],
        running: StatusDocument.DeployedVersion? = nil,
        tip: Character? = nil, hold: Hold? = nil, quarantine: [Quarantine] = [], working: Int? = nil, marked: Set<Int> = [],
        canReload: Bool = true
    ) throws -> Ruling {
        let standing = Standing(
            open: open, running: running, tip: tip.map(Sample.commit), hold: hold, quarantine: quarantine, nextNumber: 9,
            working: working, marked: marked, canReload: canReload)
        return try DecisionRule(standing, Past(deployments: past + open), at: Sample.now)
            .ruling(on: OpenDecision(id: 1, decision: decision, caller: Sample.admin, at: Sample.now))
    }

    private func isRefused(_ ruling: Ruling) -> Bool {
        guard case .refused = ruling.answer else { return false }
        // What is refused changes nothing.
        return ruling == Ruling(ruling.answer)
    }

    private let waiting = Sample.deployment(1, "a", .approve, .awaitingApproval)

    @Test func `an answer is for the commit that waits, by seven digits or more`() throws {
        for text in ["aaaaaaa", "AAAAAAA", String(repeating: "a", count: 40)] {
            let approved = try ruling(.approve(commit: text), [waiting])
            #expect(approved.answer == .deployment(1))
            let approval = try #require(approved.changes.saved.first?.approval)
            #expect(approval.commit == waiting.commit && approval.tree == waiting.tree && approval.by == "root (uid 0)")
            let rejected = try ruling(.reject(commit: text, reason: "no"), [waiting])
            #expect(rejected.changes.saved.first?.state == .rejected && rejected.changes.saved.first?.reason == "root: no")
        }
        for text in ["aaaaaa", "bbbbbbb", String(repeating: "a", count: 41), ""] {
            #expect(isRefused(try ruling(.approve(commit: text), [waiting])))
            #expect(isRefused(try ruling(.reject(commit: text, reason: "no"), [waiting])))
        }
    }

    @Test func `a beginning that two commits on record share names neither, and the whole id names one`() throws {
        let digits = waiting.commit.hex.prefix(12)
        let other = Deployment(
            id: 3, kind: .commit, commit: try #require(CommitID(digits + String(repeating: "b", count: 28))), detected: Sample.now)
        for text in [String(digits), String(digits.prefix(7)), digits.uppercased()] {
            for decision in [DeployDecision.approve(commit: text), .reject(commit: text, reason: "no")] {
                let refused = try ruling(decision, [waiting], past: [other])
                #expect(isRefused(refused))
                guard case .refused(let error) = refused.answer else { continue }
                #expect(error.message.contains(other.commit.hex) && error.message.contains(waiting.commit.hex), "\(error.message)")
            }
        }
        #expect(try ruling(.approve(commit: digits + "a"), [waiting], past: [other]).answer == .deployment(1))
        #expect(try ruling(.approve(commit: waiting.commit.hex), [waiting], past: [other]).answer == .deployment(1))
        // The same commit once more is no other.
        var again = Sample.deployment(4, "a", .approve, .superseded)
        again.ended = Sample.now
        #expect(try ruling(.approve(commit: String(digits)), [waiting], past: [again]).answer == .deployment(1))
    }

    @Test func `nothing but what waits for a human is approved`() throws {
        for stage in Stage.allCases {
            #expect(isRefused(try ruling(.approve(commit: "aaaaaaa"), [Sample.deployment(1, "a", stage)])), "\(stage)")
        }
        var approved = waiting
        approved.approval = Approval(commit: waiting.commit, tree: "tree of a", by: "root", at: Sample.now)
        #expect(isRefused(try ruling(.approve(commit: "aaaaaaa"), [approved])))
    }

    @Test func `a hold is set and ended`() throws {
        let hold = Hold(reason: "night", by: "root (uid 0)", since: Sample.now)
        #expect(try ruling(.hold(reason: "night")) == Ruling(.hold(hold), [.hold(hold)]))
        #expect(try ruling(.resume, hold: hold) == Ruling(.done, [.hold(nil)]))
        #expect(isRefused(try ruling(.resume)))
    }

    @Test func `with the quarantine lifted the branch's commit is tried again, where that had ended it`() throws {
        let entry = Quarantine(commit: Sample.commit("a"), tree: "tree of a", good: nil, reason: "sick", since: Sample.now)
        let blocked = Sample.deployment(5, "b", .takeIn, .failed)
        func lift(_ last: Deployment?, tip: Character = "b") throws -> [RecordChange] {
            try ruling(.lift(commit: "aaaaaaa"), past: last.map { [$0] } ?? [], tip: tip, quarantine: [entry]).changes
        }
        #expect(try lift(blocked).inserted.map(\.commit) == [Sample.commit("b")])
        #expect(try lift(Sample.deployment(5, "a", .check, .rolledBack), tip: "a").inserted.map(\.commit) == [entry.commit])
        #expect(try lift(Sample.deployment(5, "b", .test, .failed)) == [.lift(entry.commit)])
        #expect(try lift(Sample.deployment(5, "b", .takeIn, .superseded)) == [.lift(entry.commit)])
        #expect(try lift(nil) == [.lift(entry.commit)])
        #expect(isRefused(try ruling(.lift(commit: "bbbbbbb"), quarantine: [entry])))
        #expect(isRefused(try ruling(.lift(commit: "aaaaaa"), quarantine: [entry])))
        #expect(isRefused(try ruling(.lift(commit: "aaaaaaa"), quarantine: [entry, entry])))
    }

    @Test func `a commit that is asked for is the branch's, and is tried again where its last try failed`() throws {
        let commit = Sample.commit("a")
        func deploy(_ last: Deployment?, force: Bool = false, tip: Character = "a", running: StatusDocument.DeployedVersion? = nil)
            throws -> Ruling
        {
            try ruling(.deploy(commit: commit, force: force), past: last.map { [$0] } ?? [], running: running, tip: tip)
        }
        #expect(try deploy(nil).changes.inserted.map(\.id) == [9])
        #expect(try deploy(Sample.deployment(3, "a", .test, .failed)).answer == .deployment(9))
        #expect(try deploy(Sample.deployment(3, "a", .test)) == Ruling(.deployment(3)))
        #expect(try deploy(Sample.good(3, "a")) == Ruling(.deployment(3)))
        #expect(try deploy(Sample.deployment(3, "a", .test, .failed), tip: "b") == Ruling(.deployment(3)))
        #expect(isRefused(try deploy(nil, tip: "b")))
        let again = Sample.deployment(3, "a", .takeIn, .superseded)
        #expect(try deploy(again, running: Sample.version(3, "a")) == Ruling(.deployment(3)))
    }

    @Test func `force is on record from the moment that it is asked for`() throws {
        let force = DeployDecision.deploy(commit: Sample.commit("a"), force: true)
        let asked = try #require(try ruling(force, [waiting], tip: "a").changes.saved.first)
        #expect(asked.approval?.tree == asked.tree && asked.approval?.by == "root (uid 0), by force" && asked.forcedBy != nil)
        let testing = try #require(try ruling(force, [Sample.deployment(1, "a", .test)], tip: "a").changes.saved.first)
        #expect(testing.forcedBy == "root (uid 0)" && testing.approval == nil)
        #expect(try ruling(force, tip: "a").changes.saved.first?.forcedBy != nil)
        #expect(try ruling(force, past: [Sample.good(3, "a")], tip: "a") == Ruling(.deployment(3)))
    }

    @Test func `a reload interrupts what has not come to the deploying, and waits for nothing`() throws {
        let running = Sample.version(3, "a")
        let reload = try ruling(.reload, [Sample.deployment(5, "b", .test)], past: [Sample.good(3, "a")], running: running)
        #expect(reload.interrupts && reload.callsOff == nil)
        #expect(reload.changes.inserted.first?.kind == .reload(of: 3) && reload.changes.inserted.first?.release == running.release)
        #expect(isRefused(try ruling(.reload)))
        #expect(isRefused(try ruling(.reload, running: running, canReload: false)))
        for stage in [Stage.build, .publishAssets, .switch, .reload, .publishIndex, .check, .goBack] {
            #expect(isRefused(try ruling(.reload, [Sample.deployment(5, "b", stage)], running: running)), "\(stage)")
        }
        let back = Sample.deployment(5, "c", .backUp, .detected, kind: .rollback(to: 1))
        #expect(isRefused(try ruling(.reload, [back], running: running)))
    }

    // Ways back.

    private let past = [Sample.good(1, "a"), Sample.good(2, "b"), Sample.good(3, "c")]
    private let running = Sample.version(3, "c")

    @Test func `the way back leads to the last good version before the one that runs, or to the one that is named`() throws {
        let last = try ruling(.rollback(to: nil), past: past, running: running)
        #expect(last.goesFirst && last.answer == .deployment(9))
        #expect(last.changes.inserted.map(\.kind) == [.rollback(to: 2)])
        #expect(last.changes.inserted.first?.base == running.commit)
        #expect(try ruling(.rollback(to: 1), past: past, running: running).changes.inserted.map(\.commit) == [Sample.commit("a")])
        #expect(isRefused(try ruling(.rollback(to: 3), past: past, running: running)))
        #expect(isRefused(try ruling(.rollback(to: 7), past: past, running: running)))
        #expect(isRefused(try ruling(.rollback(to: nil), past: [past[2]], running: running)))
        var ill = past[0]
        ill.wasGood = false
        #expect(isRefused(try ruling(.rollback(to: 1), past: [ill, past[2]], running: running)))
    }

    @Test(arguments: [Stage.takeIn, .export, .classify, .test, .buildClient, .approve, .backUp, .build, .publishAssets])
    func `what has not come to the switch is ended, and begins anew afterwards`(_ stage: Stage) throws {
        let coming = Sample.deployment(5, "d", stage)
        for working in [5, nil] {
            let back = try ruling(.rollback(to: nil), [coming], past: past, running: running, working: working)
            #expect(back.changes.saved.map(\.state) == [.superseded])
            #expect(back.changes.inserted.map(\.kind) == [.rollback(to: 2), .commit])
            #expect(back.changes.inserted.map(\.id) == [9, 10])
            #expect(back.callsOff == (working == nil ? nil : .rollbackGoesFirst))
        }
    }

    @Test func `a switch is called off while it runs, and gone through with where it was cut off`() throws {
        let coming = Sample.deployment(5, "d", .switch)
        let whileItRuns = try ruling(.rollback(to: nil), [coming], past: past, running: running, working: 5)
        #expect(whileItRuns.changes.saved.isEmpty && whileItRuns.callsOff == .rollbackGoesFirst)
        #expect(whileItRuns.changes.inserted.map(\.kind) == [.rollback(to: 2)])
        let before = try ruling(.rollback(to: nil), [coming], past: past, running: running)
        #expect(before.changes.saved.map(\.state) == [.superseded] && before.callsOff == nil)
        // It is left for what runs as the record says.
        let after = try ruling(.rollback(to: nil), [coming], past: past, running: running, marked: [5])
        #expect(after.changes.saved.isEmpty && after.callsOff == nil)
        #expect(after.changes.inserted.map(\.kind) == [.rollback(to: 3)])
    }

    @Test func `what is in the target is cut short`() throws {
        for stage in [Stage.reload, .publishIndex, .check, .goBack] {
            let there = Sample.deployment(5, "d", stage)
            let back = try ruling(.rollback(to: nil), [there], past: past, running: Sample.version(5, "d"), working: 5)
            #expect(back.callsOff?.state == .rolledBack && back.callsOff?.advice?.contains("lift dddddddddddd") == true)
            #expect(back.changes.inserted.map(\.kind) == [.rollback(to: 3)])
            let between = try ruling(.rollback(to: nil), [there], past: past, running: Sample.version(5, "d"))
            #expect(between.callsOff == nil && between.changes.saved.isEmpty)
        }
    }

    @Test func `a way back gives way to another one that is named, and to no other`() throws {
        let under = Sample.deployment(5, "b", .reload, kind: .rollback(to: 2))
        #expect(isRefused(try ruling(.rollback(to: nil), [under], past: past, running: running, working: 5)))
        #expect(isRefused(try ruling(.rollback(to: 2), [under], past: past, running: running, working: 5)))
        let other = try ruling(.rollback(to: 1), [under], past: past, running: Sample.version(5, "b", origin: 2), working: 5)
        #expect(other.changes.inserted.map(\.kind) == [.rollback(to: 1)] && other.callsOff?.state == .failed)
    }
}
