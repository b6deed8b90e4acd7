package import AdminInterface
internal import DeployModel

// Who may answer, and the answers of who does.

extension Frame {
    /// People, rules, what waits for whom, and how somebody gets a passkey.
    package static func people(_ policy: PolicyAnswer) -> Frame {
        var body: Markup = """
            <section class="bar" aria-label="The policy"><p>\(policy.file.map { "\($0)" } ?? "No policy: root alone answers, on the machine.")</p>
            \(policy.fault.map { fault -> Markup in "<p class=\"warn\">Nobody's answer counts: \(fault)</p>" })</section>

            """
        if !policy.people.isEmpty {
            let rows = policy.people.map { person -> Markup in
                "<tr><td>\(person.name)<td>\(person.authors.joined(separator: ", "))<td>\(person.keys.joined(separator: ", "))\n"
            }
            body.append(
                """
                <section aria-labelledby="who"><h2 id="who">People</h2>
                <table class="list"><caption>Who may be asked</caption><thead><tr><th scope="col">Name<th scope="col">Makes commits as\
                <th scope="col">Answers with<tbody>
                \(rows)</table></section>

                """)
        }
        if !policy.rules.isEmpty {
            let rows = policy.rules.map { rule -> Markup in
                let about =
                    rule.paths.isEmpty && rule.reasons.isEmpty
                    ? "everything else" : (rule.paths + rule.reasons.map { words($0.rawValue) }).joined(separator: ", ")
                let fault: Markup? = rule.fault.map { "<p class=\"warn\">Nobody can meet it: \($0)</p>" }
                return
                    "<tr><td>\(rule.name)\(fault)<td>\(about)<td class=\"num\">\(rule.need)<td>\(rule.from.joined(separator: ", "))<td>\(rule.expiry ?? "as long as it waits")\n"
            }
            body.append(
                """
                <section aria-labelledby="rules"><h2 id="rules">Rules</h2>
                <table class="list"><caption>For each thing that is asked about the first that matches counts</caption><thead><tr>\
                <th scope="col">Rule<th scope="col">About<th scope="col">Needs<th scope="col">Of<th scope="col">An answer counts for<tbody>
                \(rows)</table></section>

                """)
        }
        if let waiting = policy.waiting {
            body.append(
                """
                <section aria-labelledby="waits"><h2 id="waits">What waits</h2>
                <p><a href="\(Address.review(waiting.deployment, DiffLook()))">Deployment \(waiting.deployment)</a></p>\(progress(waiting.approval))</section>

                """)
        }
        body.append(
            """
            <section aria-labelledby="enrol"><h2 id="enrol">A passkey for this page</h2>
            <p>A browser makes one, and this page shows a line. Whoever has root puts it under that person in the policy; until then it counts for nothing.</p>
            <form id="new-passkey" hidden><p><label>Whose <input name="name" required maxlength="64" autocomplete="off"></label> <button>Make a passkey</button></p>
            <p class="told" role="status"></p><p><output name="line" class="path"></output></p></form>
            <noscript><p>A browser makes passkeys by a script. Without one, answer with an SSH key: pinfold approve --sign.</p></noscript></section>

            """)
        return Frame("People and policy", .still, body: body)
    }

    /// How far the answers have come: each rule, and each answer.
    static func progress(_ approval: ApprovalProgress?) -> Markup {
        guard let approval else { return Markup() }
        var body = bullets(approval.words)
        body.append(given(approval.answers))
        return body
    }

    /// Who said what, how that is known, and whether it still counts.
    static func given(_ answers: [PersonAnswer]) -> Markup {
        guard !answers.isEmpty else { return Markup() }
        let rows = answers.map { answer -> Markup in
            let until: Markup = answer.expires.map { ", until \(moment($0))" } ?? Markup()
            let counts: Markup = answer.void.map { "void: \($0)" } ?? "counts\(until)"
            return "<tr><td class=\"word\">\(answer.verdict.rawValue)<td>\(answer.words)<td>\(moment(answer.at))<td>\(counts)\n"
        }
        return """
            <table class="list"><caption>Answers</caption><thead><tr><th scope="col">Answer<th scope="col">Of<th scope="col">When\
            <th scope="col">Counts<tbody>
            \(rows)</table>
            """
    }

    /// A form that asks for a passkey over exactly what this page shows; nothing where nobody has one.
    static func answerForm(_ deployment: Deployment, _ waiting: StatusDocument.Waiting?, _ people: [PolicyAnswer.Person]) -> Markup
    {
        let ids = people.flatMap(\.passkeys)
        guard !ids.isEmpty, let waiting, let yes = AnswerText(.approve, on: waiting), let no = AnswerText(.reject, on: waiting)
        else {
            return Markup()
        }
        func line(_ text: AnswerText) -> String { text.text.split(separator: "\n").joined(separator: "|") }
        return """
            <form id="answer" method="post" action="\(Address.answer(deployment.id))" hidden data-approve="\(line(yes))" data-reject="\(line(no))" data-passkeys="\(ids.joined(separator: " "))">
            <input type="hidden" name="commit" value="\(waiting.commit.hex)"><input type="hidden" name="tree" value="\(waiting.tree)">
            <input type="hidden" name="surface" value="\(waiting.approval?.surfaceDigest ?? "")"><input type="hidden" name="verdict">
            <input type="hidden" name="id"><input type="hidden" name="client"><input type="hidden" name="authenticator"><input type="hidden" name="signature">
            <p><label>Why, if you refuse it (the agent reads that) <input name="reason" maxlength="2000" autocomplete="off"></label></p>
            <p><button value="approve">Agree, with a passkey</button> <button value="reject">Refuse, with a passkey</button></p>
            <p class="told" role="status"></p></form>

            """
    }
}
