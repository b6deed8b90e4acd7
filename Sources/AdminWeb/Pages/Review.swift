package import AdminInterface
package import DeployModel
internal import PlainText

extension Frame {
    /// What somebody who is to agree has to see, in this order: why they are asked, what judges the agent and how that changed, both runs
    /// of the tests and what the judge found, hints, the change, the answers.
    package static func review(
        _ deployment: Deployment, _ status: StatusDocument, _ view: DiffView?, _ look: DiffLook = DiffLook(),
        policy: PolicyAnswer? = nil, problem: String? = nil
    ) -> Frame {
        let waits = status.waiting.map { $0.deployment == deployment.id && $0.commit == deployment.commit } ?? false
        var body = verdictBar(deployment, status, waits, policy)
        body.append(surface(deployment))
        body.append(tests(deployment))
        body.append(hints(deployment))
        body.append("<section id=\"changes\" aria-labelledby=\"change\"><h2 id=\"change\">The change</h2>")
        body.append(switches(deployment, look))
        if let view {
            body.append("<p id=\"progress\" hidden></p>\n\(view.contents)\n\(view.whole())")
        } else {
            body.append(
                "<p class=\"warn\">The change cannot be shown: \(problem ?? "nothing is known of it"). Do not approve what you have not seen.</p>"
            )
        }
        body.append("</section>\n")
        body.append(answers(deployment, waits ? status.waiting : nil, policy?.people ?? []))
        return Frame("Review of deployment \(deployment.id)", .still, revision: status.revision, body: body)
    }

    /// What the change is compared with, and how it is shown, each with the way to the other.
    private static func switches(_ deployment: Deployment, _ look: DiffLook) -> Markup {
        let nothing: Markup = "nothing: nothing was deployed"
        let base: Markup =
            switch look.base {
            case .deployed: deployment.base.map { "<code>\($0.short)</code>, which was deployed when it came" } ?? nothing
            case .approved: "what a human agreed to last before it came"
            case .deployment(let id): "<a href=\"\(Address.deployment(id))\">deployment \(id)</a>"
            }
        let other: DiffBase = look.base == .approved ? .deployed : .approved
        return """
            <p>Against \(base). <a href="\(Address.review(deployment.id, look.with { $0.base = other }))">\
            \(other == .approved ? "Compare with what was approved last" : "Compare with what was deployed")</a></p>
            \(layout(look) { Address.review(deployment.id, $0) })
            """
    }

    /// One column or two, what differs in white space alone, and how much is shown around.
    static func layout(_ look: DiffLook, _ address: (DiffLook) -> Address) -> Markup {
        let hasMore = look.context > Query.usualContext
        let note: Markup =
            look.hidesSpace
            ? "<p class=\"warn\">Lines that differ in white space alone are shown as unchanged. In Python, YAML and texts it has a meaning.</p>"
            : Markup()
        return """
            <p><a href="\(address(look.with { $0.isSplit.toggle() }))">\(look.isSplit ? "Show in one column" : "Show side by side")</a> · \
            <a href="\(address(look.with { $0.hidesSpace.toggle() }))">\(look.hidesSpace ? "Show changes of white space" : "Hide changes of white space")</a> · \
            <a href="\(address(look.with { $0.context = hasMore ? Query.usualContext : DiffLook.moreContext }))">\(hasMore ? "Show fewer lines around" : "Show more lines around")</a></p>\(note)

            """
    }

    /// What going back to a deployment would change of what runs, before anybody asks for it.
    package static func rollback(_ deployment: Deployment, _ status: StatusDocument, _ view: DiffView) -> Frame {
        let body: Markup = """
            <section class="bar" aria-label="Rollback"><p>From what runs now, \(status.deployed.map(link) ?? "nothing"), back to:</p>\(card(deployment))
            <p>It puts what runs now into quarantine, and is asked for by \(command("pinfold rollback \(deployment.id)"))</p></section>
            <section id="changes" aria-labelledby="change"><h2 id="change">What it would change</h2>
            \(layout(view.look) { Address.rollback(deployment.id, $0) })
            \(view.contents)
            \(view.whole())</section>
            """
        return Frame("Back to deployment \(deployment.id)", .still, revision: status.revision, body: body)
    }

    /// Which paths judge the agent, of what a record lists of them.
    package static func judging(_ deployment: Deployment, among diff: Diff) -> Set<[UInt8]> {
        // `M conftest.py`, escaped: what happened stands before a space.
        let names = Set(deployment.surface.map { $0.drop { $0 != " " }.dropFirst() })
        return Set(diff.files.flatMap { [$0.path, $0.oldPath] }.filter { names.contains(String(showing: $0).plain()[...]) })
    }

    private static func verdictBar(
        _ deployment: Deployment, _ status: StatusDocument, _ waits: Bool, _ policy: PolicyAnswer?
    ) -> Markup {
        let headline: Markup =
            waits
            ? "<p><strong>It waits for your answer.</strong></p>"
            : "<p><strong>It does not wait for an answer:</strong> \(state(deployment)).</p>"
        let why: Markup =
            deployment.approvalReasons.isEmpty
            ? "<p>No human has to agree to it.</p>"
            : "<p>A human has to agree, because</p>\(bullets(deployment.approvalReasons.map(\.sentence)))"
        return """
            <section class="\(waits ? "ask" : "bar")" aria-label="What is asked">\(headline)\(why)
            \(facts([
                ("Commit", "<code>\(deployment.commit.hex)</code>"), ("Message", text(deployment.subject)), ("Author", text(deployment.author)),
                ("Tree", code(deployment.tree)), ("Runs now", status.deployed.map(link) ?? "nothing"),
                ("Came", moment(deployment.detected)), ("May answer", mayAnswer(status, waits)),
                ("An answer counts for", waits ? expiry(status, policy) : nil),
            ]))</section>

            """
    }

    private static func mayAnswer(_ status: StatusDocument, _ waits: Bool) -> Markup? {
        guard waits else { return nil }
        guard let approval = status.waiting?.approval else { return "root, on the machine" }
        return text(approval.words.joined(separator: "; "))
    }

    /// By the rules that have to be met; nil where an answer counts for as long as it waits.
    private static func expiry(_ status: StatusDocument, _ policy: PolicyAnswer?) -> Markup? {
        let needs = Set(status.waiting?.approval?.needs.map(\.rule) ?? [])
        let times = (policy?.rules ?? []).filter { needs.contains($0.name) }.compactMap { rule in
            rule.expiry.map { "\($0), by rule \(rule.name)" }
        }
        return times.isEmpty ? nil : text(times.joined(separator: "; "))
    }

    private static func surface(_ deployment: Deployment) -> Markup {
        let verdict = deployment.verdict
        var body: Markup = "<section aria-labelledby=\"judge\"><h2 id=\"judge\">What judges the agent</h2>"
        body.append(
            deployment.surface.isEmpty
                ? "<p>No file that judges the agent has changed.</p>"
                : "<h3>Changed files that judge it</h3>\(bullets(deployment.surface, more: deployment.unlistedSurface ?? 0))")
        if let verdict, verdict.vanishedCount > 0 {
            body.append(
                """
                <h3>Tests that passed for the deployed version and are gone or skipped</h3>
                \(bullets(verdict.vanished, more: verdict.vanishedCount - verdict.vanished.count))
                """)
        } else if verdict?.basis == .report {
            body.append("<p>Every test that passed for the deployed version ran again.</p>")
        }
        if let verdict, verdict.skippedCount > 0 { body.append("<p>\(verdict.skippedCount) tests were skipped.</p>") }
        if let bite = deployment.bite {
            body.append("<h3>Do the tests notice a failure?</h3><p>\(bite.sentence)</p>")
            if !bite.numb.isEmpty { body.append(bullets(bite.numb, more: bite.numbCount - bite.numb.count)) }
        }
        body.append("</section>\n")
        return body
    }

    static func tests(_ deployment: Deployment) -> Markup {
        """
        <section aria-labelledby="tests"><h2 id="tests">The tests</h2>
        <div class="two"><div><h3>With the candidate's own tests</h3>\(run(deployment.verdict))</div>
        <div><h3>With the deployed tests laid over</h3>\(run(deployment.verdictWithDeployedSurface))</div></div></section>

        """
    }

    private static func run(_ verdict: TestVerdict?) -> Markup {
        guard let verdict else { return "<p>Not run.</p>" }
        guard verdict.basis != .none else { return "<p>Not run: tests are switched off.</p>" }
        let strength: Markup =
            verdict.basis == .exitCode
            ? "<p class=\"warn\">By exit code alone, which is weak: no report says which tests ran.</p>"
            : """
            <p>\(verdict.passedCount) passed, \(verdict.failedCount) failed, \(verdict.skippedCount) skipped, \
            \(verdict.vanishedCount) gone</p>
            """
        return """
            <p><strong>\(verdict.passed ? "Passed" : "Failed")</strong> in \(seconds(verdict.durationMilliseconds))</p>\(strength)
            \(facts([("Why", text(verdict.reason)), ("Command", code(verdict.command))]))
            \(verdict.failed.isEmpty ? Markup() : "<h4>Failed</h4>\(bullets(verdict.failed))")
            """
    }

    static func hints(_ deployment: Deployment) -> Markup {
        var body: Markup = "<section aria-labelledby=\"hints\"><h2 id=\"hints\">Hints</h2>"
        if let hints = deployment.hints {
            body.append(
                """
                <p>New lines and files that could reach for what judges the agent. They prove nothing; look at them.</p>
                <table class="list"><caption>\(hints.count == 1 ? "1 hint" : "\(hints.count) hints")</caption><thead><tr><th scope="col">Place<th scope="col">What<th scope="col">Line<tbody>
                \(hints.listed.map { hint -> Markup in
                    "<tr><td class=\"path\">\(hint.path)\(hint.line.map { ":\($0)" } ?? "")<td>\(hint.kind.sentence)<td><code>\(hint.text ?? "")</code>\n"
                })</table>
                """)
            if hints.count > hints.listed.count { body.append("<p>and \(hints.count - hints.listed.count) more</p>") }
            if !hints.unread.isEmpty {
                body.append("<h3>Too large to be looked through</h3>\(bullets(hints.unread, more: hints.unlistedUnread ?? 0))")
            }
        } else {
            body.append("<p>None.</p>")
        }
        if let standIns = deployment.standIns {
            body.append(
                "<h3>\(standIns.count) files stand for something else</h3>\(bullets(standIns.paths, more: standIns.count - standIns.paths.count))"
            )
            if !standIns.new.isEmpty {
                body.append(
                    "<h3>Of these the deployed version did not have</h3>\(bullets(standIns.new, more: standIns.unlistedNew ?? 0))")
            }
        }
        if let client = deployment.client {
            if !client.newHosts.isEmpty {
                body.append(
                    "<h3>Hosts that its client's page names, and the published one does not</h3>\(bullets(client.newHosts, more: client.unlistedHosts ?? 0))"
                )
            }
            if let change = client.serviceWorker { body.append("<p>Its client's service worker \(change.rawValue).</p>") }
        }
        body.append("</section>\n")
        return body
    }

    private static func answers(
        _ deployment: Deployment, _ waiting: StatusDocument.Waiting?, _ people: [PolicyAnswer.Person]
    ) -> Markup {
        guard let waiting else {
            return """
                <section aria-labelledby="answers"><h2 id="answers">Answers</h2>
                <p>Nothing waits here. What waits, if anything does, is on <a href="\(Address.now)">the first page</a>.</p></section>
                """
        }
        return """
            <section class="ask" aria-labelledby="answers"><h2 id="answers">Answers</h2>
            \(progress(waiting.approval))
            \(answerForm(deployment, waiting, people))
            <p>On the machine an answer is given for exactly this commit by whom the policy asks: with an SSH key (--sign KEY), or by root where it asks root.</p>
            \(facts([
                ("To deploy it", command("pinfold approve \(deployment.commit.hex)")),
                ("To refuse it", command("pinfold reject \(deployment.commit.hex) --reason 'WHY'")),
            ]))
            <p>A newer commit makes an answer void; then this page says so.</p></section>
            """
    }
}
