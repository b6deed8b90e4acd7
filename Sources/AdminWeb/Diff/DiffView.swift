package import AdminInterface
internal import PlainText

/// How a change is shown: with signs and not by colour alone, what differs in a line marked, what is large folded. Written line by line:
/// a change of ten thousand lines is a matter of milliseconds.
package struct DiffView: Sendable {
    /// How much one page shows before the rest is folded, whoever made it and however long its lines are.
    package static let lineBudget = 12_000
    package static let byteBudget = 1_900_000
    /// A longer file is folded on the page of the whole change, and has a page of its own.
    package static let longestFile = 1500
    /// Of a longer line this much is shown.
    static let longestLine = 1000

    let diff: Diff
    let deployment: Int
    let look: DiffLook
    /// Paths that judge the agent: they come first.
    let judging: Set<[UInt8]>

    package init(_ diff: Diff, deployment: Int, look: DiffLook = DiffLook(), judging: Set<[UInt8]> = []) {
        self.diff = diff
        self.deployment = deployment
        self.look = look
        self.judging = judging
    }

    /// All files, those that judge the agent first.
    package func whole() -> Markup {
        guard !diff.files.isEmpty else { return "<p>No file differs.</p>\(remarks)" }
        var markup = Markup()
        var lines = 0
        for index in order {
            let count = diff.files[index].lineCount
            let fits = count <= Self.longestFile && lines + count <= Self.lineBudget && markup.bytes.count < Self.byteBudget
            if fits { lines += count }
            append(file: index, to: &markup, isFolded: !fits, from: 0, budget: Self.byteBudget - markup.bytes.count)
        }
        markup.append(remarks)
        return markup
    }

    /// One file from a line on, nil where there is none of that number.
    package func one(_ index: Int, from: Int) -> Markup? {
        guard diff.files.indices.contains(index) else { return nil }
        var markup = Markup()
        append(file: index, to: &markup, isFolded: false, from: from)
        return markup
    }

    /// The files, those that judge the agent first.
    private var order: [Int] { diff.files.indices.filter { isJudging($0) } + diff.files.indices.filter { !isJudging($0) } }

    /// The change's files as a list.
    package var contents: Markup {
        let rows = order.map { index -> Markup in
            let file = diff.files[index]
            let name = String(showing: file.path)
            return """
                <tr><td>\(isJudging(index) ? "judges the agent" : "")<td>\(file.words)<td class="num">+\(file.count(.added))\
                <td class="num">−\(file.count(.removed))<td class="path">\(name)

                """
        }
        return """
            <table class="list"><caption>\(diff.files.count == 1 ? "1 file" : "\(diff.files.count) files")</caption><thead><tr><th scope="col">Kind<th scope="col">What\
            <th scope="col">Added<th scope="col">Removed<th scope="col">File<tbody>
            \(rows)</table>
            """
    }

    private func isJudging(_ index: Int) -> Bool {
        judging.contains(diff.files[index].path) || judging.contains(diff.files[index].oldPath)
    }

    private var remarks: Markup {
        guard !diff.remarks.isEmpty else { return Markup() }
        return """
            <section class="warn" aria-label="Not understood"><h3>Of the change's text this was not understood, or it was cut</h3>\
            <ul>\(diff.remarks.prefix(50).map { "<li><code>\(String(showing: Array(diff[$0].prefix(Self.longestLine))))</code></li>" })</ul></section>
            """
    }

    // One file.

    private func append(file index: Int, to markup: inout Markup, isFolded: Bool, from: Int, budget: Int = DiffView.byteBudget) {
        let file = diff.files[index]
        let name = String(showing: file.path)
        let moved = file.kind == .renamed || file.kind == .copied ? "from \(String(showing: file.oldPath)), " : ""
        markup.append(
            """
            <section class="file" data-file="\(name)"><h3><span class="path">\(name)</span> <small>\(moved)\(file.words), \
            +\(file.count(.added)) −\(file.count(.removed))</small>
            """)
        if isJudging(index) { markup.append(" <strong class=\"mark\">judges the agent</strong>") }
        markup.append("</h3>\n")
        if isFolded {
            markup.append(
                """
                <p>Folded: \(file.lineCount) lines. <a href="\(Address.file(deployment, index, look, from: 0))">Show this file</a></p></section>

                """)
            return
        }
        if !file.hunks.isEmpty {
            markup.append(
                """
                <div class="scroll" role="region" tabindex="0" aria-label="Lines of \(name)"><table class="\(look.isSplit ? "diff split" : "diff")">\
                <caption class="unseen">Changed lines of \(name)</caption>

                """)
            let shown = appendHunks(file, index, to: &markup, from: from, budget: budget)
            markup.append(literal: "</table></div>\n")
            if let next = shown {
                markup.append(
                    "<p><a href=\"\(Address.file(deployment, index, look, from: next))\">Go on from line \(next) of \(file.lineCount)</a></p>"
                )
            }
        }
        markup.append(literal: "</section>\n")
    }
}
