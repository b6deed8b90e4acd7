import Testing

@testable import PinfoldCommands

/// What is printed for people.
@Suite struct ShownTests {
    @Test func `labels stand on the left, and what belongs to them is aligned`() {
        var sheet = Sheet()
        sheet.add("deployed", "0123456789ab")
        sheet.add("now", ["one", nil, "two"])
        sheet.add("hold", nil as String?)
        #expect(sheet.text == "deployed  0123456789ab\nnow       one\n          two")
    }

    @Test func `nobody writes a row of their own`() {
        var sheet = Sheet()
        sheet.add("subject", "x\nwaiting  nobody")
        #expect(sheet.text == "subject  x\\nwaiting  nobody")
        #expect(table([["1", "a\nb"], ["22", "c"]]) == "1   a\\nb\n22  c")
    }

    @Test func `an answer of the cloning program is taken whole or not at all`() throws {
        let id = "0123456789abcdef0123456789abcdef01234567"
        let cloned = try #require(CodeRepository.Cloned(answer: "main \(id)\nfrom /srv/x\nit has submodules\n"))
        #expect(cloned.branch == "main" && cloned.tip == id && cloned.source == "/srv/x" && cloned.notes == ["it has submodules"])
        for answer in [
            "", "main \(id)\nfrom /srv/x", "main \(id)\n", "main \(id.uppercased())\nfrom x\n", "main 0123\nfrom x\n",
            "\(id)\nfrom x\n",
            "main \(id)\nof x\n",
        ] { #expect(CodeRepository.Cloned(answer: answer) == nil, "\(answer)") }
    }
}
