import DeployModel
import Testing

/// What the end of a step comes to.
struct SettlementTests {
    private func settle(
        _ outcome: StepOutcome, of deployment: Deployment, next: Stage? = .check, ending: Ending? = nil, isMarked: Bool = false,
        tip: Character? = nil, running: StatusDocument.DeployedVersion? = nil, good: StatusDocument.DeployedVersion? = nil,
        origin: Deployment? = nil, remote: String? = nil, passed: [String]? = nil
    ) -> Settlement {
        Settlement(
            of: outcome, deployment,
            after: .init(
                stage: deployment.stage, started: Sample.now, ended: Sample.later, way: Way(next: next, back: .goBack),
                passedTests: passed),
            .init(
                ending: ending, isMarked: isMarked, tip: tip.map(Sample.commit), running: running, good: good, origin: origin,
                nextNumber: 9, remote: remote))
    }

    @Test func `a step that is done leads to the next, and is in the record`() throws {
        var testing = Sample.deployment(1, "a", .test)
        testing.reason = "of before"
        let settled = settle(.done(note: "12 passed"), of: testing, next: .approve, passed: ["x"])
        #expect(settled.deployment.stage == .approve && settled.deployment.state == .testing && settled.deployment.reason == nil)
        #expect(
            settled.deployment.steps
                == [StepRecord(stage: .test, started: Sample.now, ended: Sample.later, note: "12 passed")])
        #expect(settled.changes == [.save(settled.deployment), .passedTests(["x"], of: 1)])
        let backUp = settle(.done(), of: Sample.deployment(1, "a", .approve, .awaitingApproval), next: .backUp).deployment
        #expect(backUp.state == .backingUp)
    }

    @Test func `the switch makes its version the one that runs`() throws {
        var switching = Sample.deployment(5, "a", .switch)
        switching.release = "/releases/5"
        let settled = settle(.done(), of: switching, next: .reload, isMarked: true)
        #expect(settled.targetIsKnown)
        let version = try #require(settled.changes.running ?? nil)
        #expect(version.commit == switching.commit && version.release == "/releases/5" && version.origin == 5)
        // A way back is the version that it leads to; what is only reloaded stays what it was, wherever it lies now.
        switching.kind = .rollback(to: 2)
        #expect(settle(.done(), of: switching, next: .reload).changes.running??.origin == 2)
        switching.kind = .reload(of: 3)
        let reloaded = settle(.done(), of: switching, next: .reload, running: Sample.version(3, "a", origin: 2)).changes.running
        #expect(reloaded??.origin == 2 && reloaded??.deployment == 3 && reloaded??.release == "/releases/5")
    }

    @Test func `the last step makes a commit the last good version, to be pushed where there is a remote`() throws {
        let checking = Sample.deployment(5, "a", .check)
        let settled = settle(.done(), of: checking, next: nil, remote: "host:repo")
        #expect(settled.deployment.state == .deployed && settled.deployment.wasGood && settled.deployment.ended == Sample.later)
        #expect(settled.deployment.push == PushRecord(remote: "host:repo", next: Sample.later))
        #expect(settled.changes.good?.deployment == 5 && settled.changes.running == .some(settled.changes.good))
        #expect(settled.changes.contains(.calledOff(nil)))
        #expect(settle(.done(), of: checking, next: nil).deployment.push == nil)
    }

    @Test func `a way back that succeeded leaves what ran before rolled back and quarantined`() throws {
        var back = Sample.deployment(5, "a", .check, kind: .rollback(to: 1))
        back.requestedBy = "root (uid 0)"
        let settled = settle(.done(), of: back, next: nil, good: Sample.version(3, "c"), origin: Sample.good(3, "c"), remote: "x")
        #expect(settled.deployment.push == nil)
        #expect(settled.changes.saved.map(\.state) == [.deployed, .rolledBack])
        #expect(settled.changes.quarantined.map(\.commit) == [Sample.commit("c")])
        #expect(settled.changes.quarantined.first?.good == back.commit)
        #expect(settled.changes.contains(.lift(back.commit)))
        // To what is good already: nothing is left.
        #expect(settle(.done(), of: back, next: nil, good: Sample.version(1, "a")).changes.quarantined.isEmpty)
    }

    @Test func `what was reloaded and is well is the last good version, by the number that it had`() {
        let reload = Sample.deployment(5, "a", .check, kind: .reload(of: 3))
        let settled = settle(.done(), of: reload, next: nil, running: Sample.version(3, "a"))
        #expect(settled.deployment.state == .deployed && !settled.deployment.wasGood)
        #expect(settled.changes.good == Sample.version(3, "a") && settled.changes.running == nil)
        #expect(settle(.done(), of: reload, next: nil, running: Sample.version(4, "b")).changes.good == nil)
    }

    @Test func `somebody is waited for only about the newest commit`() {
        let approving = Sample.deployment(1, "a", .approve)
        let waits = settle(.waiting(reason: "why", advice: "what"), of: approving, tip: "a").deployment
        #expect(waits.state == .awaitingApproval && waits.reason == "why" && waits.advice == "what" && waits.ended == nil)
        #expect(settle(.waiting(reason: "why", advice: "what"), of: approving, tip: "b").deployment.state == .superseded)
    }

    @Test func `what must not run is gone back from, and what is only reloaded stays`() {
        let checking = Sample.deployment(1, "a", .check)
        let back = settle(.goBack(reason: "sick"), of: checking)
        #expect(back.deployment.stage == .goBack && back.deployment.state == .checking && back.deployment.reason == "sick")
        #expect(back.deployment.isBlameless == nil && back.deployment.ended == nil)
        #expect(settle(.goBack(reason: "full", isBlameless: true), of: checking).deployment.isBlameless == true)
        let reload = settle(.goBack(reason: "sick"), of: Sample.deployment(1, "a", .check, kind: .reload(of: 3)))
        #expect(reload.deployment.state == .failed && reload.changes.running == nil && reload.changes.quarantined.isEmpty)
    }

    @Test(arguments: [true, false], [true, false])
    func `only a commit that is to blame is quarantined`(healthy: Bool, isBlameless: Bool) {
        var going = Sample.deployment(5, "a", .goBack)
        going.isBlameless = isBlameless ? true : nil
        for kind in [Deployment.Kind.commit, .rollback(to: 2)] {
            going.kind = kind
            let settled = settle(.wentBack(to: Sample.version(3, "c"), healthy: healthy, reason: "sick"), of: going)
            #expect(settled.deployment.state == (healthy ? .rolledBack : .failed))
            #expect(settled.changes.running == .some(.some(Sample.version(3, "c"))) && settled.targetIsKnown)
            let isQuarantined = kind == .commit && healthy && !isBlameless
            #expect(settled.changes.quarantined.map(\.commit) == (isQuarantined ? [going.commit] : []))
            #expect(settled.deployment.advice?.contains("pinfold lift") ?? false == isQuarantined)
        }
    }

    @Test func `an ending that was decided while a step ran counts up to the mark of the switch`() {
        let newer = Ending(.superseded, "b is newer")
        for stage in [Stage.takeIn, .export, .classify, .test, .approve, .backUp, .build, .switch] {
            let settled = settle(.done(), of: Sample.deployment(1, "a", stage), ending: newer)
            #expect(settled.deployment.state == .superseded && settled.deployment.steps.isEmpty, "\(stage)")
            // A switch is called off for a way back alone: it begins anew afterwards.
            #expect(settled.changes.inserted.map(\.commit) == (stage == .switch ? [Sample.commit("a")] : []), "\(stage)")
        }
        #expect(
            settle(.done(), of: Sample.deployment(1, "a", .switch), next: .reload, ending: newer, isMarked: true).deployment.stage
                == .reload)
    }

    @Test func `what is in the target is cut short, unless it came to its own end`() {
        let ending = Ending(.rolledBack, "root asked for a rollback")
        for stage in [Stage.reload, .publishIndex, .check, .goBack] {
            let there = Sample.deployment(1, "a", stage)
            let outcomes: [StepOutcome] = [.goBack(reason: "x"), .stopped(.failed, reason: "x"), .done()]
            for outcome in outcomes {
                let settled = settle(outcome, of: there, ending: ending, good: Sample.version(3, "c"))
                #expect(settled.deployment.state == .rolledBack && settled.changes.quarantined.first?.good == Sample.commit("c"))
            }
            #expect(settle(.done(), of: there, next: nil, ending: ending).deployment.state == .deployed)
            #expect(settle(.wentBack(to: nil, healthy: false, reason: "x"), of: there, ending: ending).deployment.state == .failed)
        }
        let reload = Sample.deployment(1, "a", .check, kind: .reload(of: 3))
        #expect(settle(.done(), of: reload, ending: .rollbackGoesFirst).changes.quarantined.isEmpty)
    }

    @Test func `an error leads back from where the target may be the new version, and ends what has touched nothing`() {
        func failure(_ stage: Stage, isMarked: Bool = false) -> StepOutcome {
            .failure(of: Sample.deployment(1, "a", stage), isMarked: isMarked, reason: "disk", advice: "free it", target: "/t")
        }
        for stage in [Stage.takeIn, .export, .classify, .test, .buildClient, .approve, .backUp, .build, .publishAssets, .switch] {
            #expect(failure(stage) == .stopped(.failed, reason: "disk", advice: "free it"), "\(stage)")
        }
        #expect(failure(.switch, isMarked: true) == .goBack(reason: "disk", isBlameless: true))
        for stage in [Stage.reload, .publishIndex, .check] {
            #expect(failure(stage) == .goBack(reason: "disk", isBlameless: true), "\(stage)")
        }
        guard case .stopped(.failed, let reason, _) = failure(.goBack) else {
            Issue.record("\(failure(.goBack))")
            return
        }
        #expect(reason.contains("going back failed: disk"))
    }

    @Test func `each happening that people are told of is in one sentence, and what was asked is kept`() {
        let refused = Happening.decided(
            OpenDecision(id: 1, decision: .hold(reason: "a\u{1b}[2J"), caller: Sample.admin, at: Sample.now),
            .refused(.refused("no")))
        #expect(refused.event(at: Sample.now)?.outcome == "refused: no")
        #expect(refused.sentence == "root (uid 0): hold: a\\u{1b}[2J")
        #expect(Happening.ended(Sample.good(3, "a")).sentence == "deployment 3: aaaaaaaaaaaa deployed")
        #expect(Happening.ended(Sample.deployment(3, "a", .check, .rolledBack)).weight == .warning)
        #expect(Happening.targetDiffers("it leads elsewhere", outcome: nil).event(at: Sample.now)?.outcome == "left as it is")
        #expect(Happening.gotWell(Sample.version(3, "a")).event(at: Sample.now)?.who == "health watch")
    }
}
