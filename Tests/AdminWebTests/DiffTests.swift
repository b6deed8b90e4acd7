import AdminInterface
import AdminWeb
import Testing

/// A change as text becomes a change as a value, whatever its files are called and hold.
struct DiffTests {
    private func read(_ text: String) -> Diff { Diff(reading: Array(text.utf8)) }
    private func look(isSplit: Bool) -> DiffLook { DiffLook().with { $0.isSplit = isSplit } }
    private func name(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func `files, hunks and lines are numbered as they are in the files`() throws {
        let diff = read(
            """
            diff --git a/app.py b/app.py
            index 111..222 100644
            --- a/app.py
            +++ b/app.py
            @@ -3,3 +3,4 @@ def f():
             same
            -old
            +new
            +more
             same
            @@ -20 +21 @@
            -x
            +y
            \\ No newline at end of file

            """)
        let file = try #require(diff.files.first)
        #expect(diff.files.count == 1 && diff.remarks.isEmpty && file.hunks.count == 2)
        #expect(file.hunks[0].lines.map(\.old) == [3, 4, 5, 5, 5])
        #expect(file.hunks[0].lines.map(\.new) == [3, 4, 4, 5, 6])
        #expect(name(Array(diff[file.hunks[0].heading])) == "def f():")
        #expect(file.hunks[1].lines.map(\.hasNoEnd) == [false, true])
        #expect(file.count(.added) == 3 && file.count(.removed) == 2)
    }

    @Test func `a line that looks like a header is a line`() {
        let diff = read(
            """
            diff --git a/x b/x
            --- a/x
            +++ b/x
            @@ -1,2 +1,2 @@
            --- a/innocent
            -diff --git a/q b/q
            +++ b/innocent
            +@@ -1,1 +1,1 @@

            """)
        #expect(diff.files.count == 1 && diff.files[0].hunks.count == 1 && diff.files[0].lineCount == 4)
        #expect(name(diff.files[0].path) == "x")
    }

    @Test(arguments: [
        ("new file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc/passwd\n", "new, a symbolic link"),
        ("new file mode 160000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+Subproject commit 1\n", "new, a submodule"),
        ("old mode 100644\nnew mode 100755\n", "changed, was a file, is a program (executable)"),
        (
            "deleted file mode 100644\nindex 1..0\nBinary files a/l and /dev/null differ\n",
            "deleted, binary: its content is not shown"
        ),
        ("similarity index 90%\nrename from old\nrename to l\n", "renamed"),
        ("index 1..2 120000\n--- a/l\n+++ b/l\n@@ -1 +1 @@\n-a\n+b\n", "changed, a symbolic link"),
    ]) func `modes, links, submodules, renames and binaries are said in words`(_ header: String, _ words: String) {
        let diff = read("diff --git a/l b/l\n" + header)
        #expect(diff.files.map(\.words) == [words])
        #expect(name(diff.files[0].path) == "l")
        #expect(diff.remarks.isEmpty)
    }

    @Test func `names are read as git quotes them`() {
        let diff = read(
            """
            diff --git "a/na\\303\\257ve\\n\\"q\\"" "b/na\\303\\257ve\\n\\"q\\""
            old mode 100644
            new mode 100755
            diff --git a/with b/name b/with b/name
            old mode 100644
            new mode 100755
            diff --git a/a b b/a b
            --- a/a b\t
            +++ b/a b\t
            @@ -1 +1 @@
            -x
            +y

            """)
        #expect(diff.files.map { name($0.path) } == ["naïve\n\"q\"", "with b/name", "a b"])
    }

    @Test(arguments: [
        "@@ -1 +1 @@\n+x\n", "diff --git \n@@ -1,99999999999999999999 +1 @@\n", "diff --git a/x b/x\n@@ nonsense\n+x\n",
        "diff --git a/x b/x\n@@ -1,3 +1,3 @@\n x\n\u{0}\n", "\\ No newline\n", "diff --git \"a\n",
        "diff --git a/x b/x\n@@ -1,5 +1,5 @@", "\n\n",
    ]) func `what is no diff is kept as a remark or left out, and ends nothing`(_ text: String) {
        let diff = read(text)
        for isSplit in [false, true] { #expect(!DiffView(diff, deployment: 1, look: look(isSplit: isSplit)).whole().bytes.isEmpty) }
    }

    @Test func `a text that was cut says so on the page`() {
        let diff = read(
            "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-x\n+y\nthe rest is not shown: it is longer than 32 MiB\n")
        #expect(DiffView(diff, deployment: 1).whole().text.contains("the rest is not shown: it is longer than 32 MiB"))
    }

    @Test func `what differs in a line is marked by words, with signs beside it`() {
        let diff = read("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-return total(1) + tax\n+return total(2) + tax\n")
        let unified = DiffView(diff, deployment: 1).whole().text
        #expect(unified.contains("<td>−<td>return total(<del>1</del>) + tax"))
        #expect(unified.contains("<td>+<td>return total(<ins>2</ins>) + tax"))
        let split = DiffView(diff, deployment: 1, look: look(isSplit: true)).whole().text
        #expect(split.contains("<tr><td class=\"d\" id=\"f0o1\">") && split.contains("<td class=\"a\" id=\"f0n1\">"))
    }

    @Test(arguments: [
        ("py", "def f(x): return \"a#b\" # why 1", "<b>def</b> f(x): <b>return</b> <u>&quot;a#b&quot;</u> <i># why 1</i>"),
        ("ts", "const n = 12; // it", "<b>const</b> n = <var>12</var>; <i>// it</i>"),
        ("sh", "echo $# a#b # c", "echo $# a#b <i># c</i>"),
        ("json", "{\"a\": true}", "{<u>&quot;a&quot;</u>: <b>true</b>}"),
        // What would colour lines below it, or hide what follows on its own, has no colour.
        ("py", "\"\"\" # return", "&quot;&quot;&quot; # return"),
        ("py", "x = 'open # return", "x = &#39;open # return"),
        ("ts", "/* return", "/* <b>return</b>"),
        ("unknown", "return 1", "return 1"),
        ("py", "<b>None</b>", "&lt;b&gt;<b>None</b>&lt;/b&gt;"),
        ("py", "# \u{202E}x", "<i># <b class=\"esc\">\\u{202e}</b>x</i>"),
    ]) func `words have colours by their line alone`(_ ending: String, _ line: String, _ shown: String) {
        let diff = read("diff --git a/x.\(ending) b/x.\(ending)\n--- a/x.\(ending)\n+++ b/x.\(ending)\n@@ -0,0 +1 @@\n+\(line)\n")
        let text = DiffView(diff, deployment: 1).whole().text
        #expect(text.contains("<td>+<td>\(shown)\n"), "\(text)")
    }

    @Test func `a colour goes on through what is marked as differing`() {
        let diff = read(
            "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-f(a, b, \"one two\")\n+f(a, b, \"one three\")\n")
        let text = DiffView(diff, deployment: 1).whole().text
        #expect(text.contains("f(a, b, <u>&quot;one </u><ins><u>three</u></ins><u>&quot;</u>)"), "\(text)")
    }

    @Test func `what differs in white space alone can be shown as unchanged, and nothing else is`() {
        let diff = read(
            """
            diff --git a/x b/x
            --- a/x
            +++ b/x
            @@ -1,3 +1,3 @@
            -if a:
            -  one()
            -  two()
            +if a:\t
            +    one()
            +    three()
            @@ -10,2 +10,3 @@
            -a
            -b
            +a\t
            +new
            + b

            """)
        let hidden = DiffLook().with { $0.hidesSpace = true }
        let text = DiffView(diff, deployment: 1, look: hidden).whole().text
        #expect(!text.contains("<td>−<td>if a") && !text.contains("<td>−<td>  one") && !text.contains("<td>−<td>b"), "\(text)")
        #expect(text.contains("<td><td>    one()") && text.contains("<td><td> b"), "\(text)")
        #expect(
            text.contains("<td>−<td>") && text.contains("two") && text.contains("three") && text.contains("<td>+<td>new"),
            "\(text)")
        let whole = DiffView(diff, deployment: 1).whole().text
        #expect(whole.contains("<td>−<td>if a:\n") && whole.contains("<td>−<td>b\n"))
        // Both numbers, whichever way it is shown.
        let split = DiffView(diff, deployment: 1, look: hidden.with { $0.isSplit = true }).whole().text
        #expect(split.contains("id=\"f0o11\"") && split.contains("id=\"f0n12\""), "\(split)")
    }

    @Test func `lines that have nothing in common are not marked`() {
        let diff = read("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-import os\n+class Quite: different\n")
        #expect(!DiffView(diff, deployment: 1).whole().text.contains("<ins>"))
    }

    @Test func `hostile names and lines bring no element and no link`() {
        let evil = "<img src=x onerror=alert(1)>\u{202E}"
        let diff = read(
            "diff --git a/\(evil) b/\(evil)\n--- a/\(evil)\n+++ b/\(evil)\n@@ -1 +1 @@ \(evil)\n-\(evil)\n+<a href=\"http://127.0.0.1:1/\">\n"
        )
        for isSplit in [false, true] {
            let text = DiffView(diff, deployment: 1, look: look(isSplit: isSplit)).whole().text
            #expect(!text.contains("<img") && !text.contains("href=\"http") && !text.contains("\u{202E}"))
            #expect(text.contains("&lt;img src=x onerror=alert(1)&gt;<b class=\"esc\">\\u{202e}</b>"))
        }
    }

    @Test func `bytes that are no text are shown`() {
        let diff = Diff(
            reading: Array("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+".utf8) + [
                0xFF, 0xC0, 0xAF, 0xED, 0xA0, 0x80, 0x0A,
            ])
        #expect(DiffView(diff, deployment: 1).whole().text.contains("\\xff</b><b class=\"esc\">\\xc0</b><b class=\"esc\">\\xaf"))
    }

    @Test func `what judges the agent comes first, and a large file is folded with a page of its own`() throws {
        func file(_ name: String, _ lines: Int) -> String {
            "diff --git a/\(name) b/\(name)\n--- a/\(name)\n+++ b/\(name)\n@@ -0,0 +1,\(lines) @@\n"
                + (0..<lines).map { "+line \($0)\n" }.joined()
        }
        let diff = read(file("a.py", 2) + file("big.py", DiffView.longestFile + 1) + file("tests/conftest.py", 2))
        let view = DiffView(diff, deployment: 7, judging: [Array("tests/conftest.py".utf8)])
        let text = view.whole().text
        let (first, second) = (
            try #require(text.range(of: "data-file=\"tests/conftest.py\"")), try #require(text.range(of: "data-file=\"a.py\""))
        )
        #expect(first.lowerBound < second.lowerBound)
        #expect(text.contains("Folded: \(DiffView.longestFile + 1) lines. <a href=\"/deployments/7/changes/1?from=0\">"))
        let whole = try #require(view.one(1, from: 0))
        #expect(whole.text.contains("line <var>\(DiffView.longestFile)</var>\n"))
        #expect(view.one(3, from: 0) == nil)
    }

    @Test func `no change makes a page without end, and every line can be reached`() throws {
        let long = String(repeating: "\u{202E}", count: 500)
        let lines = 3000
        let diff = read(
            "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1,\(lines) @@\n" + String(repeating: "+\(long)\n", count: lines))
        let view = DiffView(diff, deployment: 1)
        #expect(view.whole().bytes.count < 10_000)
        let first = try #require(view.one(0, from: 0))
        // One run of lines may be begun before the budget is used up.
        #expect(first.bytes.count < DiffView.byteBudget * 2)
        let next = try #require(first.text.range(of: "?from="))
        let from = try #require(Int(first.text[next.upperBound...].prefix { $0.isNumber }))
        #expect(from > 0)
        #expect(try #require(view.one(0, from: from)).text.contains("id=\"f0n\(from + 1)\""))
    }
}

extension String {
    /// Without Foundation.
    fileprivate func range(of part: String) -> Range<String.Index>? { firstRange(of: part) }
}
