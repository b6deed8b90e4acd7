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
    let isSplit: Bool
    /// Paths that judge the agent: they come first.
    let judging: Set<[UInt8]>

    package init(_ diff: Diff, deployment: Int, isSplit: Bool = false, judging: Set<[UInt8]> = []) {
        self.diff = diff
        self.deployment = deployment
        self.isSplit = isSplit
        self.judging = judging
    }

    /// All files, those that judge the agent first.
    package func whole() -> Markup {
        guard !diff.files.isEmpty else { return "<p>No file differs.</p>\(remarks)" }
        var markup = Markup()
        let order = diff.files.indices.filter { isJudging($0) } + diff.files.indices.filter { !isJudging($0) }
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

    /// The change's files as a list of links.
    package var contents: Markup {
        let rows = diff.files.indices.map { index -> Markup in
            let file = diff.files[index]
            let name = String(showing: file.path)
            return """
                <tr><td>\(isJudging(index) ? "judges the agent" : "")<td>\(file.words)<td class="num">+\(file.count(.added))\
                <td class="num">−\(file.count(.removed))<td class="path">\(name)

                """
        }
        return """
            <table class="list"><caption>\(diff.files.count) files</caption><thead><tr><th scope="col">Kind<th scope="col">What\
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
                <p>Folded: \(file.lineCount) lines. <a href="\(Address.file(deployment, index, split: isSplit, from: 0))">Show this file</a></p></section>

                """)
            return
        }
        if !file.hunks.isEmpty {
            markup.append(
                """
                <div class="scroll" role="region" tabindex="0" aria-label="Lines of \(name)"><table class="\(isSplit ? "diff split" : "diff")">\
                <caption class="unseen">Changed lines of \(name)</caption>

                """)
            let shown = appendHunks(file, index, to: &markup, from: from, budget: budget)
            markup.append(literal: "</table></div>\n")
            if let next = shown {
                markup.append(
                    "<p><a href=\"\(Address.file(deployment, index, split: isSplit, from: next))\">Go on from line \(next) of \(file.lineCount)</a></p>"
                )
            }
        }
        markup.append(literal: "</section>\n")
    }

    /// The number of the first line that is not shown any more, counted over the file's hunks; nil where all are.
    private func appendHunks(_ file: FileChange, _ index: Int, to markup: inout Markup, from: Int, budget: Int) -> Int? {
        let start = markup.bytes.count
        var passed = 0
        for hunk in file.hunks {
            defer { passed += hunk.lines.count }
            if passed + hunk.lines.count <= from { continue }
            markup.append(literal: "<tbody><tr class=\"h\"><td colspan=\"")
            markup.append(number: isSplit ? 6 : 4)
            markup.append(literal: "\">@@ −")
            markup.append(number: hunk.oldStart)
            markup.append(literal: " +")
            markup.append(number: hunk.newStart)
            markup.append(literal: " @@ ")
            markup.append(shown: diff[hunk.heading].prefix(Self.longestLine))
            markup.append(literal: "\n")
            for run in runs(hunk.lines, from: max(0, from - passed)) {
                guard markup.bytes.count - start < budget, passed + run.lowerBound - from < Self.lineBudget else {
                    return passed + run.lowerBound
                }
                append(run: hunk.lines[run], file: index, to: &markup)
            }
        }
        return nil
    }

    /// Lines in the middle of which nothing is parted: a context line alone, or what is removed with what is added in its place.
    private func runs(_ lines: [Line], from: Int) -> [Range<Int>] {
        var result: [Range<Int>] = []
        var index = min(from, lines.count)
        while index < lines.count {
            var end = index + 1
            if lines[index].kind != .context {
                var hasAdded = lines[index].kind == .added
                // A run has an end, or one file would be one run.
                while end < lines.count, end - index < 100, lines[end].kind != .context, !(hasAdded && lines[end].kind == .removed)
                {
                    hasAdded = hasAdded || lines[end].kind == .added
                    end += 1
                }
            }
            result.append(index..<end)
            index = end
        }
        return result
    }

    private func append(run: ArraySlice<Line>, file: Int, to markup: inout Markup) {
        if run.count == 1, let line = run.first, line.kind == .context {
            if isSplit {
                markup.append(literal: "<tr>")
                append(half: line, isOld: true, file: file, marks: [], to: &markup)
                append(half: line, isOld: false, file: file, marks: [], to: &markup)
                markup.append(literal: "\n")
            } else {
                append(unified: line, file: file, marks: [], to: &markup)
            }
            return
        }
        let (removed, added) = (run.filter { $0.kind == .removed }, run.filter { $0.kind == .added })
        let marks = zip(removed, added).map { WordDifference.between(diff[$0.text], diff[$1.text]) }
        func mark(_ index: Int, isOld: Bool) -> [Range<Int>] {
            index < marks.count ? (isOld ? marks[index]?.old : marks[index]?.new) ?? [] : []
        }
        guard isSplit else {
            for (index, line) in removed.enumerated() {
                append(unified: line, file: file, marks: mark(index, isOld: true), to: &markup)
            }
            for (index, line) in added.enumerated() {
                append(unified: line, file: file, marks: mark(index, isOld: false), to: &markup)
            }
            return
        }
        for index in 0..<max(removed.count, added.count) {
            markup.append(literal: "<tr>")
            for (lines, isOld) in [(removed, true), (added, false)] {
                if index < lines.count {
                    append(half: lines[index], isOld: isOld, file: file, marks: mark(index, isOld: isOld), to: &markup)
                } else {
                    markup.append(literal: "<td><td><td>")
                }
            }
            markup.append(literal: "\n")
        }
    }

    private func append(unified line: Line, file: Int, marks: [Range<Int>], to markup: inout Markup) {
        switch line.kind {
        case .context: markup.append(literal: "<tr id=\"f")
        case .added: markup.append(literal: "<tr class=\"a\" id=\"f")
        case .removed: markup.append(literal: "<tr class=\"d\" id=\"f")
        }
        append(place: line, isOld: line.kind == .removed, file: file, to: &markup)
        markup.append(literal: "\"><td>")
        if line.kind != .added { append(number: line, isOld: true, isLink: line.kind == .removed, file: file, to: &markup) }
        markup.append(literal: "<td>")
        if line.kind != .removed { append(number: line, isOld: false, isLink: true, file: file, to: &markup) }
        append(signAndText: line, marks: marks, to: &markup)
        markup.append(literal: "\n")
    }

    private func append(half line: Line, isOld: Bool, file: Int, marks: [Range<Int>], to markup: inout Markup) {
        switch line.kind {
        case .context: markup.append(literal: "<td id=\"f")
        case .added: markup.append(literal: "<td class=\"a\" id=\"f")
        case .removed: markup.append(literal: "<td class=\"d\" id=\"f")
        }
        append(place: line, isOld: isOld, file: file, to: &markup)
        markup.append(literal: "\">")
        append(number: line, isOld: isOld, isLink: true, file: file, to: &markup)
        append(signAndText: line, marks: marks, to: &markup)
    }

    private func append(place line: Line, isOld: Bool, file: Int, to markup: inout Markup) {
        markup.append(number: file)
        markup.append(literal: isOld ? "o" : "n")
        markup.append(number: isOld ? line.old : line.new)
    }

    private func append(number line: Line, isOld: Bool, isLink: Bool, file: Int, to markup: inout Markup) {
        guard isLink else { return markup.append(number: line.old) }
        markup.append(literal: "<a href=\"#f")
        append(place: line, isOld: isOld, file: file, to: &markup)
        markup.append(literal: "\">")
        markup.append(number: isOld ? line.old : line.new)
        markup.append(literal: "</a>")
    }

    private func append(signAndText line: Line, marks: [Range<Int>], to markup: inout Markup) {
        switch line.kind {
        case .context: markup.append(literal: "<td><td>")
        case .added: markup.append(literal: "<td>+<td>")
        case .removed: markup.append(literal: "<td>−<td>")
        }
        let text = line.text.prefix(Self.longestLine)
        var index = text.startIndex
        for mark in marks {
            markup.append(shown: diff[index..<mark.lowerBound])
            markup.append(literal: line.kind == .removed ? "<del>" : "<ins>")
            markup.append(shown: diff[mark])
            markup.append(literal: line.kind == .removed ? "</del>" : "</ins>")
            index = mark.upperBound
        }
        markup.append(shown: diff[index..<text.endIndex])
        if line.text.count > text.count {
            markup.append("<i class=\"note\"> and \(line.text.count - text.count) bytes more in this line</i>")
        }
        if line.hasNoEnd { markup.append(literal: "<i class=\"note\"> no line end at the end of the file</i>") }
    }
}
