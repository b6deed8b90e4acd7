internal import DeployModel

/// What every page has around it.
package struct Frame: Sendable {
    package enum Kind: String, Sendable {
        /// Follows what happens by itself.
        case live
        /// Stays as it was read; whoever reads it is told when things have moved.
        case still
        /// Nobody is signed in.
        case outside
    }

    package var title: String
    package var kind: Kind
    /// The revision that it shows; what is newer is told of.
    package var revision: Int?
    package var body: Markup

    package init(_ title: String, _ kind: Kind, revision: Int? = nil, body: Markup) {
        (self.title, self.kind, self.revision, self.body) = (title, kind, revision, body)
    }

    package var markup: Markup {
        let pages: Markup = """
            <nav aria-label="Pages"><a href="\(Address.now)">Now</a> <a href="\(Address.history(before: nil, state: nil))">History</a> \
            <a href="\(Address.version)">Version</a> <a href="\(Address.stops)">Quarantine and hold</a> \
            <a href="\(Address.audit(all: false))">Audit</a> \
            <a href="\(Address.people)">People and policy</a></nav>
            <form method="post" action="\(Address.sessionEnd)"><button>End this session</button></form>
            """
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(title) · Pinfold</title><link rel="stylesheet" href="\(Address.style)"><script src="\(Address.script)" defer></script></head>
            <body data-kind="\(kind.rawValue)" data-revision="\(revision.map(String.init) ?? "")">
            <a class="skip" href="\(Address.section(.main))">To the content</a>
            <header><span class="name">Pinfold</span>\(kind == .outside ? Markup() : pages)</header>
            <p id="live" role="status" aria-live="polite"></p>
            <main id="main" tabindex="-1"><h1>\(title)</h1>
            \(body)
            </main>
            <footer><p>Control characters and what hides or reorders text are shown as <b class="esc">\\u{…}</b>. Nothing that the agent wrote is a link.</p></footer>
            </body></html>
            """
    }
}

// Small parts of pages.

/// A list of what is known: names and what they are; what is not known is left out.
func facts(_ facts: [(StaticString, Markup?)]) -> Markup {
    let rows = facts.compactMap { name, value -> Markup? in
        guard let value else { return nil }
        return "<dt>\(Markup(stringLiteral: name))</dt><dd>\(value)</dd>\n"
    }
    return rows.isEmpty ? Markup() : "<dl>\(rows)</dl>"
}

func bullets(_ lines: [String], more: Int = 0) -> Markup {
    let rest: Markup = more > 0 ? "<li>and \(more) more</li>" : Markup()
    return "<ul>\(lines.map { "<li>\($0)</li>\n" })\(rest)</ul>"
}

func text(_ string: String?) -> Markup? { string.map { "\($0)" } }
func code(_ string: String?) -> Markup? { string.map { "<code>\($0)</code>" } }

func moment(_ timestamp: Timestamp) -> Markup {
    let whole = "\(timestamp)"
    return "<time datetime=\"\(whole)\">\(whole.prefix(19).split(separator: "T").joined(separator: " ")) UTC</time>"
}

func words(_ raw: String) -> String { raw.split(separator: "_").joined(separator: " ") }

func seconds(_ milliseconds: Int) -> String {
    milliseconds < 1000 ? "\(milliseconds) ms" : "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
}

/// A command for the admin's own terminal.
func command(_ line: String) -> Markup { "<code class=\"command\">\(line)</code>" }
