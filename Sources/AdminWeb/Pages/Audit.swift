package import AdminInterface
internal import DeployModel

extension Frame {
    /// What people and the agent asked the deploy daemon for, and what came of it; without `all`, what was refused.
    package static func audit(_ list: EventList, all: Bool) -> Frame {
        let events = all ? list.events : list.events.filter { !$0.wasDone }
        let rows = events.map { event -> Markup in
            "<tr><td>\(moment(event.at))<td>\(event.who)<td>\(event.what)<td>\(event.outcome)\n"
        }
        let none: Markup = all ? "<p>Nobody has asked for anything yet.</p>" : "<p>Nothing was refused.</p>"
        let table: Markup =
            rows.isEmpty
            ? none
            : """
            <div class="scroll" role="region" tabindex="0" aria-label="Events"><table class="list"><caption>\(events.count) of the last \(list.events.count), newest first</caption>\
            <thead><tr><th scope="col">When<th scope="col">Who<th scope="col">What<th scope="col">What came of it<tbody>
            \(rows)</table></div>
            """
        let body: Markup = """
            <nav class="filter" aria-label="Which">Show \(filter("what was refused", isCurrent: !all, .audit(all: false))) \
            \(filter("all", isCurrent: all, .audit(all: true)))</nav>
            <section aria-labelledby="asked"><h2 id="asked">Asked of the deploy daemon</h2>\(table)</section>
            <section aria-labelledby="tried"><h2 id="tried">Tried on files</h2>
            <p>What the agent was refused in its view is the gateway's record, which this page cannot read: \
            \(command("pinfold audit --denied --follow"))</p></section>
            """
        return Frame("Audit", .live, body: body)
    }
}

/// One of several ways to see a list: a link, or the one that is seen.
func filter(_ name: String, isCurrent: Bool, _ address: Address) -> Markup {
    isCurrent ? "<strong aria-current=\"true\">\(name)</strong>" : "<a href=\"\(address)\">\(name)</a>"
}

extension Event {
    /// Whether what was asked for happened, or was taken in to happen.
    fileprivate var wasDone: Bool { !outcome.hasPrefix("refused") }
}
