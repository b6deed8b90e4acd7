import AdminInterface
import AdminWeb
import DeployModel
import Testing

/// What a stranger wrote is text, wherever it stands.
struct MarkupTests {
    @Test(arguments: [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a&b \"c\" 'd'", "a&amp;b &quot;c&quot; &#39;d&#39;"),
        ("&lt;", "&amp;lt;"),
        ("\u{202E}evil", "<b class=\"esc\">\\u{202e}</b>evil"),
        ("a\u{200B}b", "a<b class=\"esc\">\\u{200b}</b>b"),
        ("\u{1B}[31m\0", "<b class=\"esc\">\\u{1b}</b>[31m<b class=\"esc\">\\u{0}</b>"),
        ("\u{E0041}", "<b class=\"esc\">\\u{e0041}</b>"),
        ("one\r\ntwo", "one<b class=\"esc\">\\u{d}</b><b class=\"esc\">\\u{a}</b>two"),
        ("\\u{202e}", "\\u{202e}"),
        ("schön 漢字 🙂", "schön 漢字 🙂"),
        ("tab\there", "tab\there"),
    ]) func `text between tags is escaped, and what hides is shown`(_ text: String, _ shown: String) {
        let markup: Markup = "<p>\(text)</p>"
        #expect(markup.text == "<p>\(shown)</p>")
    }

    @Test func `text in an attribute can neither leave it nor bring an element`() {
        let text = "\" onload=\"x\u{202E}<b>"
        let markup: Markup = "<td title=\"\(text)\">"
        #expect(markup.text == "<td title=\"&quot; onload=&quot;x\\u{202e}&lt;b&gt;\">")
    }

    @Test func `markup and lists of it stay what they are, numbers and addresses are written`() {
        let inner: [Markup] = ["<li>1</li>", "<li>\("<")</li>"]
        let look = DiffLook().with { ($0.isSplit, $0.base) = (true, .deployment(3)) }
        let markup: Markup = "<ul>\(inner)</ul><a href=\"\(Address.file(7, 2, look, from: 3))\">\(12)</a>"
        #expect(
            markup.text
                == "<ul><li>1</li><li>&lt;</li></ul><a href=\"/deployments/7/changes/2?from=3&amp;split=1&amp;against=3\">12</a>")
    }

    @Test func `an address is made of numbers and of words of a list`() {
        let look = DiffLook().with { ($0.hidesSpace, $0.base) = (true, .approved) }
        #expect(Address.review(7, look).path == "/deployments/7/review?space=0&against=approved")
        #expect(Address.review(7, DiffLook()).path == "/deployments/7/review")
        #expect(Address.history(before: 9, state: .rolledBack).path == "/deployments?before=9&state=rolled_back")
        for text in ["", "0", "-1", "+1", "01", "1 ", "deployed ", "<x>"] { #expect(DiffBase(text) == nil, "\(text)") }
    }

    @Test func `text where a browser would follow or run it ends the program`() async {
        await #expect(processExitsWith: .failure) { _ = "<a href=\"\("javascript:alert(1)")\">" as Markup }
        await #expect(processExitsWith: .failure) { _ = "<p onclick=\"\("alert(1)")\">" as Markup }
        await #expect(processExitsWith: .failure) { _ = "<p style=\"\("x")\">" as Markup }
        await #expect(processExitsWith: .failure) { _ = "<p class=\("x")>" as Markup }
        await #expect(processExitsWith: .failure) { _ = "<p title=\"\("x" as Markup)\">" as Markup }
    }
}
