import DeployModel
import Testing

/// What a new commit does to what is on its way.
struct ArrivalTests {
    private func arrival(
        of letter: Character, _ open: [Deployment], working: Int? = nil, running: StatusDocument.DeployedVersion? = nil,
        calledOff: CalledOff? = nil, moves: Int = 0, rule: LetFinish = LetFinish(), at now: Timestamp = Sample.now
    ) -> Arrival {
        Arrival(
            of: Sample.commit(letter),
            .init(
                open: open, working: working, running: running, calledOff: calledOff, nextNumber: 9, unrecordedMoves: moves),
            rule: rule, at: now)
    }

    @Test(arguments: Stage.allCases)
    func `it supersedes whatever has not come to the deploying, and nothing else`(_ stage: Stage) {
        let one = Sample.deployment(1, "a", stage)
        let arrival = arrival(of: "b", [one])
        #expect(arrival.changes.inserted.map(\.id) == [9] && arrival.changes.first == .tip(Sample.commit("b")))
        let isSuperseded = !one.state.outlastsNewer
        #expect(arrival.changes.saved.map(\.state) == (isSuperseded ? [.superseded] : []))
        // No step of it runs.
        #expect(arrival.callsOff == nil)
        #expect(self.arrival(of: "b", [one], working: 1).callsOff?.state == (isSuperseded ? .superseded : nil))
    }

    @Test func `ways back and reloads go on`() {
        let open = [
            Sample.deployment(1, "a", .backUp, .detected, kind: .rollback(to: 3)),
            Sample.deployment(2, "a", .switch, .detected, kind: .reload(of: 3)),
        ]
        #expect(arrival(of: "b", open, working: 1).changes.saved.isEmpty)
    }

    @Test func `what runs already is not deployed again`() {
        let arrival = arrival(of: "a", [], running: Sample.version(3, "a"))
        #expect(arrival.deployment.state == .superseded && arrival.deployment.reason?.contains("deployment 3") == true)
        #expect(arrival.changes.last == .save(arrival.deployment))
    }

    @Test func `the moves that got no record are told of`() {
        #expect(arrival(of: "a", [], moves: 4).deployment.unrecordedMoves == 4)
        #expect(arrival(of: "a", []).deployment.unrecordedMoves == nil)
    }

    @Test func `after so many runs over so long, one is let finish`() {
        let rule = LetFinish()
        let one = Sample.deployment(1, "a", .test)
        func judged(_ runs: Int, after milliseconds: Int64) -> [RecordChange] {
            let since = Timestamp(milliseconds: Sample.now.milliseconds - milliseconds)
            let calledOff = runs > 0 ? CalledOff(runs: runs, since: since) : nil
            return arrival(of: "b", [one], working: 1, calledOff: calledOff).changes
        }
        #expect(judged(0, after: 0).contains(.calledOff(CalledOff(runs: 1, since: Sample.now))))
        #expect(judged(rule.runs, after: rule.milliseconds - 1).saved.first?.state == .superseded)
        #expect(judged(rule.runs - 1, after: rule.atLatest - 1).saved.first?.state == .superseded)
        for changes in [judged(rule.runs, after: rule.milliseconds), judged(1, after: rule.atLatest)] {
            #expect(changes.saved.first?.state == .testing && changes.saved.first?.letFinish != nil)
            // The count goes on from where it was, should that one end otherwise.
            #expect(!changes.contains { if case .calledOff = $0 { true } else { false } })
        }
    }

    @Test func `what waits for a human, or would, is never let finish`() {
        let long = CalledOff(runs: 100, since: Timestamp(milliseconds: 0))
        var asked = Sample.deployment(1, "a", .backUp)
        asked.approvalReasons = [.testSurface]
        for one in [asked, Sample.deployment(1, "a", .approve, .awaitingApproval)] {
            #expect(arrival(of: "b", [one], working: 1, calledOff: long).changes.saved.map(\.state) == [.superseded])
        }
    }

    @Test func `a clock that was set back counts from now`() {
        let future = CalledOff(runs: 100, since: Sample.later)
        let changes = arrival(of: "b", [Sample.deployment(1, "a", .test)], working: 1, calledOff: future).changes
        #expect(changes.contains(.calledOff(CalledOff(runs: 101, since: Sample.now))))
    }
}
