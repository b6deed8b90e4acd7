package import AdminInterface
package import DeployModel

extension Frame {
    /// One deployment: its steps, what was tested, where its backup and its push are.
    package static func deployment(_ deployment: Deployment, revision: Int?) -> Frame {
        let id = deployment.id
        let kind: Markup =
            switch deployment.kind {
            case .commit: "a commit"
            case .rollback(let target): "back to <a href=\"\(Address.deployment(target))\">deployment \(target)</a>"
            case .reload(let target): "deployment <a href=\"\(Address.deployment(target))\">\(target)</a> once more"
            }
        let approval = deployment.approval.map { approval -> Markup in "by \(approval.by), \(moment(approval.at))" }
        let body: Markup = """
            <section class="bar" aria-label="Result"><p>\(state(deployment))\(deployment.reason.map { ": \($0)" } ?? "")</p>
            \(facts([
                ("To do", text(deployment.advice)), ("Kind", kind), ("Commit", code(deployment.commit.hex)),
                ("Message", text(deployment.subject)), ("Author", text(deployment.author)), ("Tree", code(deployment.tree)),
                ("Against", code(deployment.base?.hex)), ("Came", moment(deployment.detected)), ("Ended", deployment.ended.map(moment)),
                ("Asked for by", text(deployment.requestedBy)), ("Because", text(deployment.requestReason)),
                ("Approved", approval), ("Forced by", deployment.forcedBy.map { "\($0): no human was asked\(deployment.forceReason.map { ": \($0)" } ?? "")" }),
                ("Backup", code(deployment.backup)), ("Release", code(deployment.release)), ("Push", push(deployment.push)),
                ("Reload", text(deployment.reload.map(\.sentence))),
                ("Asked again", deployment.askedAgain.map { "\($0) times since, for the same tree, which stays rejected until it changes" }),
            ]))
            <p><a href="\(Address.review(id, DiffLook()))">The change and what judged it</a> ·
            <a href="\(Address.output(id, from: 0))">Output of tests, build, reload and checks</a></p></section>
            \(given(deployment.answers ?? []))
            <section aria-labelledby="steps"><h2 id="steps">Steps</h2>\(steps(deployment))</section>
            \(tests(deployment))
            """
        return Frame("Deployment \(id)", .live, revision: revision, body: body)
    }

    static func steps(_ deployment: Deployment) -> Markup {
        guard !deployment.steps.isEmpty else { return "<p>None has ended yet.</p>" }
        let rows = deployment.steps.map { step -> Markup in
            """
            <tr><td>\(words(step.stage.rawValue))<td>\(moment(step.started))\
            <td class="num">\(seconds(Int(step.ended.milliseconds - step.started.milliseconds)))<td>\(step.note ?? "")

            """
        }
        return """
            <table class="list"><caption>In order</caption><thead><tr><th scope="col">Step<th scope="col">Began<th scope="col">Took\
            <th scope="col">What it did<tbody>
            \(rows)</table>
            """
    }

    private static func push(_ push: PushRecord?) -> Markup? {
        push.map { push in
            push.done
                ? "done, to \(push.remote)"
                : "not yet to \(push.remote), \(push.attempts) attempts\(push.error.map { ": \($0)" } ?? "")"
        }
    }

    /// A piece of what tests, build, reload and checks wrote.
    package static func output(_ id: Int, _ page: LogPage, from: Int) -> Frame {
        // A piece may end inside a line, which the next one goes on with.
        let parts = page.text.split(separator: "\n", omittingEmptySubsequences: false)
        let lines = parts.enumerated().map { index, line -> Markup in
            index == parts.count - 1 ? "\(String(line))" : "\(String(line))<br>\n"
        }
        let next: Markup =
            page.complete
            ? "<p id=\"next\">Nothing comes after this.</p>"
            : "<p id=\"next\"><a href=\"\(Address.output(id, from: page.next))\">Go on from byte \(page.next)</a></p>"
        let none: Markup =
            page.text.isEmpty
            ? "<p id=\"none\">Nothing was written here yet.</p>" : "<p id=\"none\" hidden>Nothing was written here yet.</p>"
        let body: Markup = """
            <p><a href="\(Address.deployment(id))">Deployment \(id)</a>, from byte \(from)</p>
            \(none)
            <div class="output" id="output" role="log" tabindex="0" aria-label="Output">\(lines)</div>
            \(next)
            """
        return Frame("Output of deployment \(id)", .still, body: body)
    }

    /// Past deployments, newest first.
    /// - Parameter wanted: the only state of which they are; nil: any.
    package static func history(_ page: HistoryPage, state wanted: DeploymentState? = nil) -> Frame {
        let states: [DeploymentState?] = [nil] + DeploymentState.allCases.filter(\.isEnd)
        let filters = states.map { one -> Markup in
            "\(filter(one.map { words($0.rawValue) } ?? "all", isCurrent: one == wanted, .history(before: nil, state: one))) "
        }
        let rows = page.deployments.map { deployment -> Markup in
            """
            <tr><td class="num"><a href="\(Address.deployment(deployment.id))">\(deployment.id)</a><td>\(state(deployment))\
            <td><code>\(deployment.commit.short)</code><td>\(deployment.subject ?? "")<td>\(moment(deployment.detected))

            """
        }
        let table: Markup =
            rows.isEmpty
            ? "<p>There is none.</p>"
            : """
            <div class="scroll" role="region" tabindex="0" aria-label="Deployments"><table class="list"><caption>Newest first</caption><thead><tr>\
            <th scope="col">Number<th scope="col">State<th scope="col">Commit<th scope="col">Message<th scope="col">Came<tbody>
            \(rows)</table></div>
            """
        let next: Markup? = page.next.map { "<p><a href=\"\(Address.history(before: $0, state: wanted))\">Older ones</a></p>" }
        return Frame("History", .live, body: "<nav class=\"filter\" aria-label=\"States\">Show \(filters)</nav>\n\(table)\(next)")
    }

    /// What runs, what a rollback would lead to, and how to ask for one.
    package static func version(_ status: StatusDocument, good: Deployment?) -> Frame {
        var body: Markup = "<section aria-label=\"Runs\"><h2>Runs now</h2>"
        if let deployed = status.deployed {
            body.append(
                facts([
                    ("Commit", code(deployed.commit.hex)), ("Tree", code(deployed.tree)),
                    ("Deployment", "<a href=\"\(Address.deployment(deployed.deployment))\">\(deployed.deployment)</a>"),
                    ("Release", code(deployed.release)), ("Target", code(status.target)), ("Since", moment(deployed.since)),
                ]))
        } else {
            body.append("<p>Nothing is deployed yet.</p>")
        }
        body.append("</section>\n<section aria-label=\"Back\"><h2>Going back</h2>")
        if let good {
            body.append(
                """
                <p>The version before that was good:</p>\(card(good))
                <p>A rollback replaces what runs by it, and puts what runs now into quarantine. \
                <a href="\(Address.rollback(good.id, DiffLook()))">See what it would change</a> before you ask for it: \
                \(command("pinfold rollback \(good.id)"))</p>
                """)
        } else {
            body.append("<p>There is no earlier good version to go back to.</p>")
        }
        body.append("</section>")
        return Frame("Version", .live, revision: status.revision, body: body)
    }

    /// What keeps commits from being deployed.
    package static func stops(_ status: StatusDocument) -> Frame {
        var body: Markup = "<section aria-label=\"Hold\"><h2>Hold</h2>"
        if let hold = status.hold {
            body.append(
                """
                <p>No deployment starts since \(moment(hold.since)), by \(hold.by): \(hold.reason)</p>
                <p>To go on: \(command("pinfold resume"))</p>
                """)
        } else {
            body.append("<p>Deployments are not on hold. To stop them: \(command("pinfold hold --reason 'WHY'"))</p>")
        }
        body.append("</section>\n<section aria-label=\"Quarantine\"><h2>Quarantine</h2>")
        if status.quarantine.isEmpty { body.append("<p>No commit is in quarantine.</p>") }
        for entry in status.quarantine {
            body.append(
                """
                <article aria-label="\(entry.commit.short)">\(facts([
                    ("Commit", code(entry.commit.hex)), ("Since", moment(entry.since)), ("Why", text(entry.reason)),
                    ("Gone back to", code(entry.good?.hex)), ("To try it again", command("pinfold lift \(entry.commit.short)")),
                ]))</article>

                """)
        }
        body.append("</section>")
        return Frame("Quarantine and hold", .live, revision: status.revision, body: body)
    }

    /// One file of a change.
    package static func file(_ deployment: Deployment, _ view: DiffView, _ index: Int, from: Int) -> Frame? {
        view.one(index, from: from).map { file in
            let whole: Markup =
                if case .deployment = view.look.base {
                    "<a href=\"\(Address.rollback(deployment.id, view.look))\">All that a rollback would change</a>"
                } else {
                    "<a href=\"\(Address.review(deployment.id, view.look))\">The whole review</a>"
                }
            let back: Markup = "<p>\(whole)</p>"
            return Frame("A file of deployment \(deployment.id)", .still, body: "\(back)<h2>Its lines</h2>\(file)")
        }
    }

    /// Nobody is signed in: the link's token is handed in, by the script or by hand.
    package static func signIn(_ words: String?) -> Frame {
        let told: Markup = words.map { "<p class=\"warn\" role=\"alert\">\($0)</p>" } ?? Markup()
        let body: Markup = """
            \(told)<p>Open the link that <code>pinfold web</code> has printed. It can be used once, within a minute. Without scripts, paste what stands behind its <code>#</code>:</p>
            <form id="sign-in" method="post" action="\(Address.session)"><label>Token <input name="token" autocomplete="off" spellcheck="false" required></label> <button>Open</button></form>
            """
        return Frame("Sign in", .outside, body: body)
    }

    /// A request that was not done.
    package static func problem(_ problem: Problem) -> Frame {
        Frame(
            "This did not work", .still,
            body: "<p class=\"warn\" role=\"alert\">\(problem.message)</p><p><a href=\"\(Address.now)\">The first page</a></p>")
    }
}
