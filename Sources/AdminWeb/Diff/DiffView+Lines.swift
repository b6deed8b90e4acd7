internal import AdminInterface

/// The lines of one file.
extension DiffView {
    /// The number of the first line that is not shown any more, counted over the file's hunks; nil where all are.
    func appendHunks(_ file: FileChange, _ index: Int, to markup: inout Markup, from: Int, budget: Int) -> Int? {
        let start = markup.bytes.count
        let colours = SyntaxColours(path: file.path)
        var passed = 0
        for hunk in file.hunks {
            defer { passed += hunk.lines.count }
            if passed + hunk.lines.count <= from { continue }
            markup.append(literal: "<tbody><tr class=\"h\"><td colspan=\"")
            markup.append(number: look.isSplit ? 6 : 4)
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
                append(run: hunk.lines[run], Place(file: index, colours: colours), to: &markup)
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

    /// Which file's lines are written, and in which colours.
    struct Place {
        var file: Int
        var colours: SyntaxColours?
    }

    private func append(run: ArraySlice<Line>, _ file: Place, to markup: inout Markup) {
        if run.count == 1, let line = run.first, line.kind == .context { return append(unchanged: line, file, to: &markup) }
        var (removed, added) = (run.filter { $0.kind == .removed }[...], run.filter { $0.kind == .added }[...])
        guard look.hidesSpace else { return append(removed: Array(removed), added: Array(added), file, to: &markup) }
        // Line by line where there are as many; else as far as the beginnings and the ends go.
        var end: [Line] = []
        if removed.count != added.count {
            while let (old, new) = pair(removed.last, added.last), isSameButForSpace(old, new) {
                (removed, added) = (removed.dropLast(), added.dropLast())
                end.append(merged(old, new))
            }
        }
        var (goneOld, goneNew): ([Line], [Line]) = ([], [])
        while let (old, new) = pair(removed.first, added.first) {
            if isSameButForSpace(old, new) {
                append(removed: goneOld, added: goneNew, file, to: &markup)
                (goneOld, goneNew) = ([], [])
                append(unchanged: merged(old, new), file, to: &markup)
            } else if end.isEmpty, removed.count == added.count {
                goneOld.append(old)
                goneNew.append(new)
            } else {
                break
            }
            (removed, added) = (removed.dropFirst(), added.dropFirst())
        }
        append(removed: goneOld + removed, added: goneNew + added, file, to: &markup)
        for line in end.reversed() { append(unchanged: line, file, to: &markup) }
    }

    private func pair(_ old: Line?, _ new: Line?) -> (Line, Line)? { old.flatMap { old in new.map { (old, $0) } } }

    /// The new one, as what both are.
    private func merged(_ old: Line, _ new: Line) -> Line {
        var line = new
        (line.kind, line.old) = (.context, old.old)
        return line
    }

    private func isSameButForSpace(_ old: Line, _ new: Line) -> Bool {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        return old.hasNoEnd == new.hasNoEnd
            && diff[old.text].lazy.filter { !isSpace($0) }.elementsEqual(diff[new.text].lazy.filter { !isSpace($0) })
    }

    private func append(unchanged line: Line, _ file: Place, to markup: inout Markup) {
        guard look.isSplit else { return append(unified: line, file: file, marks: [], to: &markup) }
        markup.append(literal: "<tr>")
        append(half: line, isOld: true, file: file, marks: [], to: &markup)
        append(half: line, isOld: false, file: file, marks: [], to: &markup)
        markup.append(literal: "\n")
    }

    private func append(removed: [Line], added: [Line], _ file: Place, to markup: inout Markup) {
        let marks = zip(removed, added).map { WordDifference.between(diff[$0.text], diff[$1.text]) }
        func mark(_ index: Int, isOld: Bool) -> [Range<Int>] {
            index < marks.count ? (isOld ? marks[index]?.old : marks[index]?.new) ?? [] : []
        }
        guard look.isSplit else {
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

    private func append(unified line: Line, file: Place, marks: [Range<Int>], to markup: inout Markup) {
        switch line.kind {
        case .context: markup.append(literal: "<tr id=\"f")
        case .added: markup.append(literal: "<tr class=\"a\" id=\"f")
        case .removed: markup.append(literal: "<tr class=\"d\" id=\"f")
        }
        append(place: line, isOld: line.kind == .removed, file: file.file, to: &markup)
        markup.append(literal: "\"><td>")
        if line.kind != .added { append(number: line, isOld: true, isLink: line.kind == .removed, file: file.file, to: &markup) }
        markup.append(literal: "<td>")
        if line.kind != .removed { append(number: line, isOld: false, isLink: true, file: file.file, to: &markup) }
        append(signAndText: line, file.colours, marks: marks, to: &markup)
        markup.append(literal: "\n")
    }

    private func append(half line: Line, isOld: Bool, file: Place, marks: [Range<Int>], to markup: inout Markup) {
        switch line.kind {
        case .context: markup.append(literal: "<td id=\"f")
        case .added: markup.append(literal: "<td class=\"a\" id=\"f")
        case .removed: markup.append(literal: "<td class=\"d\" id=\"f")
        }
        append(place: line, isOld: isOld, file: file.file, to: &markup)
        markup.append(literal: "\">")
        append(number: line, isOld: isOld, isLink: true, file: file.file, to: &markup)
        append(signAndText: line, file.colours, marks: marks, to: &markup)
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

    private func append(signAndText line: Line, _ colours: SyntaxColours?, marks: [Range<Int>], to markup: inout Markup) {
        switch line.kind {
        case .context: markup.append(literal: "<td><td>")
        case .added: markup.append(literal: "<td>+<td>")
        case .removed: markup.append(literal: "<td>−<td>")
        }
        let text = line.text.prefix(Self.longestLine)
        var words = (colours?.words(of: diff[text.startIndex..<text.endIndex]) ?? [])[...]
        var index = text.startIndex
        for mark in marks {
            append(index..<mark.lowerBound, &words, to: &markup)
            markup.append(literal: line.kind == .removed ? "<del>" : "<ins>")
            append(mark, &words, to: &markup)
            markup.append(literal: line.kind == .removed ? "</del>" : "</ins>")
            index = mark.upperBound
        }
        append(index..<text.endIndex, &words, to: &markup)
        if line.text.count > text.count {
            markup.append("<i class=\"note\"> and \(line.text.count - text.count) bytes more in this line</i>")
        }
        if line.hasNoEnd { markup.append(literal: "<i class=\"note\"> no line end at the end of the file</i>") }
    }

    /// A piece of a line with those of `words` that stand in it, which are taken out as they end; one that goes on behind it is parted.
    private func append(_ range: Range<Int>, _ words: inout ArraySlice<SyntaxColours.Word>, to markup: inout Markup) {
        var index = range.lowerBound
        while let word = words.first, word.range.lowerBound < range.upperBound {
            let part = word.range.clamped(to: index..<range.upperBound)
            markup.append(shown: diff[index..<part.lowerBound])
            switch word.kind {
            case .keyword: markup.append(literal: "<b>")
            case .text: markup.append(literal: "<u>")
            case .comment: markup.append(literal: "<i>")
            case .number: markup.append(literal: "<var>")
            }
            markup.append(shown: diff[part])
            switch word.kind {
            case .keyword: markup.append(literal: "</b>")
            case .text: markup.append(literal: "</u>")
            case .comment: markup.append(literal: "</i>")
            case .number: markup.append(literal: "</var>")
            }
            index = part.upperBound
            guard word.range.upperBound <= range.upperBound else { return }
            words.removeFirst()
        }
        markup.append(shown: diff[index..<range.upperBound])
    }
}
