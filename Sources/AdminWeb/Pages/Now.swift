package import DeployModel

extension Frame {
    /// What runs, what is under way, and whose turn it is.
    package static func now(_ status: StatusDocument) -> Frame {
        var body = Markup()
        if let waiting = status.waiting {
            body.append(
                """
                <section class="ask" aria-labelledby="asked"><h2 id="asked">A human is asked</h2>
                <p>Commit <code>\(waiting.commit.short)</code> waits since \(moment(waiting.since)), because</p>
                \(bullets(waiting.reasons.map(\.sentence)))
                \(waiting.approval.map { approval -> Markup in "<p>Who has to answer:</p>\(bullets(approval.words))" })
                <p><a class="button" href="\(Address.review(waiting.deployment, DiffLook()))">Review deployment \(waiting.deployment)</a></p></section>

                """)
        }
        if let hold = status.hold {
            body.append(
                """
                <section class="warn" aria-label="Hold"><h2>On hold</h2><p>Since \(moment(hold.since)) by \(hold.by): \(hold.reason)</p>
                <p>To go on: \(command("pinfold resume"))</p></section>

                """)
        }
        if !status.warnings.isEmpty {
            body.append("<section class=\"warn\" aria-label=\"Warnings\"><h2>Warnings</h2>\(bullets(status.warnings))</section>\n")
        }
        body.append("<section aria-label=\"Deployed\"><h2>Deployed</h2>")
        if let deployed = status.deployed {
            body.append(
                facts([
                    ("Version", link(deployed)), ("Since", moment(deployed.since)),
                    ("Last known good", status.lastKnownGood.map { $0.commit == deployed.commit ? "this one" : link($0) }),
                ]))
        } else {
            body.append("<p>Nothing yet: the first commit on <code>\(status.branch)</code> is deployed when it has passed.</p>")
        }
        body.append("</section>\n<section aria-label=\"Under way\"><h2>Under way</h2>")
        if let current = status.current {
            body.append(card(current))
            body.append(steps(current))
        } else {
            body.append(
                "<p>Nothing. The branch <code>\(status.branch)</code> is at <code>\(status.tip?.short ?? "no commit yet")</code>.</p>"
            )
        }
        body.append("</section>\n")
        if let last = status.last, last.id != status.current?.id {
            body.append("<section aria-label=\"Last\"><h2>Ended last</h2>\(card(last))</section>\n")
        }
        body.append("<section aria-label=\"Rules\"><h2>Rules in force</h2>\(bullets(status.rules))</section>")
        return Frame("Now", .live, revision: status.revision, body: body)
    }

    /// A deployment in a few lines.
    static func card(_ deployment: Deployment) -> Markup {
        facts([
            ("Deployment", "<a href=\"\(Address.deployment(deployment.id))\">\(deployment.id)</a>, \(state(deployment))"),
            ("Commit", "<code>\(deployment.commit.short)</code> \(deployment.subject ?? "")"),
            ("Why", text(deployment.reason)), ("To do", text(deployment.advice)),
        ])
    }

    static func state(_ deployment: Deployment) -> Markup {
        let stage: Markup =
            deployment.state.isEnd && deployment.state != .deployed ? " (\(words(deployment.stage.rawValue)))" : Markup()
        return "<strong class=\"state\">\(words(deployment.state.rawValue))</strong>\(stage)"
    }

    static func link(_ version: StatusDocument.DeployedVersion) -> Markup {
        "<code>\(version.commit.short)</code>, <a href=\"\(Address.deployment(version.deployment))\">deployment \(version.deployment)</a>"
    }
}
