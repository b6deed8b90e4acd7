import TestSupport
import Testing

/// Docs/Commands.md says what the program says.
@Suite(.timeLimit(.minutes(10)))
struct DocumentTests {
    @Test func `every command and every flag of the help is in the page`() throws {
        let page = try readFile(try projectFile("Docs/Commands.md"))
        for command in try commandNames() {
            let heading = "## pinfold \(command)"
            let sections = page.components(after: heading)
            let section = try #require(sections, "no section '\(heading)'")
            let help = try run(Executables.pinfold, [command, "--help"]).requireSuccess()
            for flag in flags(in: help) where !["--help", "--version"].contains(flag) {
                // Those that all commands share have a section of their own.
                let isShared = page.components(after: "## Options of every command")?.contains("`\(flag)") == true
                #expect(section.contains("`\(flag)") || isShared, "\(flag) of pinfold \(command) is not in the page")
            }
        }
    }

    @Test func `the page names no command and no flag that does not exist`() throws {
        let page = try readFile(try projectFile("Docs/Commands.md"))
        let commands = try commandNames()
        var known: Set<String> = ["--help", "--version"]
        for command in commands { known.formUnion(flags(in: try run(Executables.pinfold, [command, "--help"]).requireSuccess())) }
        for flag in Set(page.matches(of: /`(--[a-z][a-z-]*)/).map({ String($0.1) })) {
            #expect(known.contains(flag), "\(flag) does not exist")
        }
        for line in page.split(separator: "\n") where line.hasPrefix("## pinfold ") {
            #expect(commands.contains(String(line.dropFirst("## pinfold ".count))), "\(line)")
        }
    }

    /// Words that begin with two hyphens and a letter.
    private func flags(in text: String) -> Set<String> {
        Set(text.matches(of: /(?:^|[\s`\[(|,])(--[a-z][a-z-]*)/).map { String($0.1) })
    }
}

extension String {
    /// What stands between a heading and the next one of its kind; nil where the heading is not there.
    fileprivate func components(after heading: String) -> String? {
        let lines = split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: { $0 == heading }) else { return nil }
        return lines[(start + 1)...].prefix { !$0.hasPrefix("## ") }.joined(separator: "\n")
    }
}
