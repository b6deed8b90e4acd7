import AdminInterface
import AdminWeb
import DeployModel
import Testing

/// Each page of values: what it shows, in which order, and that nothing of the agent's comes out of it as markup.
struct PageTests {
    private func every() throws -> [(String, Frame)] {
        let (deployment, status) = (try Records.deployment(), try Records.status())
        let empty = StatusDocument(revision: 1, updated: Records.moment, branch: "main", target: "/t")
        let bare = Deployment(id: 1, kind: .rollback(to: 1), commit: try Records.commit(), detected: Records.moment)
        let diff = Diff(reading: Records.change)
        let view = DiffView(diff, deployment: 7, judging: Frame.judging(deployment, among: diff))
        let policy = PolicyAnswer(.success(try Records.policy()), file: Records.evil, waiting: status.waiting, at: Records.moment)
        return [
            ("now", .now(status)), ("now, empty", .now(empty)),
            ("review", .review(deployment, status, view)),
            ("review with a form", .review(deployment, status, view, policy: policy)),
            ("people", .people(policy)),
            ("people, none", .people(PolicyAnswer(.success(.rootAlone), file: nil, waiting: nil, at: Records.moment))),
            (
                "people, faulty",
                .people(
                    PolicyAnswer(.failure(PolicyFault(line: 1, Records.evil)), file: Records.evil, waiting: nil, at: Records.moment)
                )
            ),
            ("review without change", .review(bare, empty, nil, problem: Records.evil)),
            ("deployment", .deployment(deployment, revision: 4)), ("deployment, bare", .deployment(bare, revision: nil)),
            ("output", .output(7, LogPage(text: "\(Records.evil)\n\(Records.evil)", next: 99, complete: false), from: 0)),
            ("output, empty", .output(7, LogPage(text: "", next: 0, complete: true), from: 0)),
            ("history", .history(HistoryPage(deployments: [deployment, bare], next: 1))),
            ("history, empty", .history(HistoryPage(deployments: [], next: nil))),
            ("version", .version(status, good: deployment)), ("version, empty", .version(empty, good: nil)),
            ("history of a state", .history(HistoryPage(deployments: [deployment], next: 1), state: .failed)),
            (
                "rollback",
                .rollback(deployment, status, DiffView(diff, deployment: 7, look: DiffLook().with { $0.base = .deployment(3) }))
            ),
            (
                "review against another",
                .review(deployment, status, view, DiffLook().with { ($0.hidesSpace, $0.base) = (true, .approved) })
            ),
            ("audit", .audit(EventList(events: Records.events), all: false)),
            ("audit, all", .audit(EventList(events: Records.events), all: true)),
            ("audit, empty", .audit(EventList(events: []), all: false)),
            ("stops", .stops(status)), ("stops, empty", .stops(empty)),
            ("file", try #require(.file(deployment, view, 0, from: 0))),
            ("sign in", .signIn(Records.evil)), ("problem", .problem(Problem(.refused, Records.evil))),
        ]
    }

    @Test func `no page has markup, a link or a hidden character of the agent's`() throws {
        for (name, frame) in try every() {
            let text = frame.markup.text
            #expect(!text.contains("<script>") && !text.contains("alert('x')"), "\(name)")
            #expect(!text.contains("\u{202E}") && !text.contains("\u{1B}"), "\(name)")
            // Pieces of markup that were taken for text, or lists of them.
            #expect(!text.contains("&lt;p") && !text.contains("&lt;td") && !text.contains("Markup("), "\(name)")
            #expect(!text.contains("Optional("), "\(name)")
            for link in text.split(separator: "href=\"").dropFirst() {
                #expect(link.hasPrefix("/") || link.hasPrefix("#"), "\(name): \(link.prefix(40))")
            }
        }
    }

    @Test
    func `every page has one heading, its landmarks, a way to the content and nothing that the browser would have to be allowed`()
        throws
    {
        for (name, frame) in try every() {
            let text = frame.markup.text
            #expect(text.split(separator: "<h1").count == 2, "\(name)")
            #expect(text.contains("<main id=\"main\"") && text.contains("<header>") && text.contains("<footer>"), "\(name)")
            #expect(text.contains("<html lang=\"en\">") && text.contains("class=\"skip\" href=\"#main\""), "\(name)")
            #expect(!text.contains(" style=") && !text.contains(" onclick") && !text.contains("<style"), "\(name)")
            #expect(text.split(separator: "<script").count == 2, "\(name)")
        }
    }

    @Test func `a review shows why, then what judges, the tests, hints, the change and the answers`() throws {
        let (deployment, status) = (try Records.deployment(), try Records.status())
        let diff = Diff(reading: Records.change)
        let view = DiffView(diff, deployment: 7, judging: Frame.judging(deployment, among: diff))
        let text = Frame.review(deployment, status, view).markup.text
        var rest = text[...]
        for mark in [
            "It waits for your answer", ApprovalReason.testSurface.sentence, "id=\"judge\"", "M conftest.py", "gone or skipped",
            "and 2 more",
            "2 tests were skipped", "passed though they were made to fail", "id=\"tests\"", "own tests", "exit code alone",
            "id=\"hints\"",
            "id=\"changes\"", "data-file=\"conftest.py\"", "judges the agent", "data-file=\"app.py\"", "id=\"answers\"",
            "pinfold approve \(deployment.commit.hex)",
        ] {
            let escaped = mark.split(separator: "'").joined(separator: "&#39;")
            let found = rest.firstRange(of: escaped)
            #expect(found != nil, "\(mark) is missing, or stands too early")
            if let found { rest = rest[found.upperBound...] }
        }
    }

    @Test func `a review shows every host and stand-in that is asked about, and says how many it does not list`() throws {
        var deployment = try Records.deployment()
        deployment.standIns = StandIns(
            count: 300, paths: (0..<300).map { "old\($0): a Git LFS pointer" }, new: ["new.bin: a Git LFS pointer"])
        deployment.client = ClientRecord(
            files: 1, bytes: 1, newHosts: (0..<210).map { "h\($0).example" }, serviceWorker: .appears)
        deployment.unlistedSurface = 5
        let text = Frame.review(deployment, try Records.status(), nil).markup.text
        for shown in [
            "new.bin", "h0.example", "h199.example", "and 10 more", "service worker appears", "and 5 more", "and 100 more",
        ] {
            #expect(text.contains(shown), "\(shown)")
        }
    }

    @Test func `a file that judges the agent is marked where its name has characters that are escaped`() throws {
        var deployment = try Records.deployment()
        let name = "tests/test_\u{200b}x.py"
        deployment.surface = ["A tests/test_\\u{200b}x.py"]
        let diff = Diff(
            reading: Array(
                "diff --git a/\(name) b/\(name)\nnew file mode 100644\n--- /dev/null\n+++ b/\(name)\n@@ -0,0 +1 @@\n+x\n".utf8))
        #expect(Frame.judging(deployment, among: diff) == [Array(name.utf8)])
    }

    @Test func `the audit shows what was refused, and all of it when asked`() {
        let list = EventList(events: Records.events)
        let (refused, all) = (Frame.audit(list, all: false).markup.text, Frame.audit(list, all: true).markup.text)
        #expect(refused.contains("1 of the last 2") && !refused.contains("<td>hold<td>done"))
        #expect(all.contains("2 of the last 2") && all.contains("<td>hold<td>done"))
    }

    @Test func `how long an answer counts, and who has to answer, are said before everything else`() throws {
        let (deployment, status) = (try Records.deployment(), try Records.status())
        let policy = PolicyAnswer(.success(try Records.policy()), file: nil, waiting: status.waiting, at: Records.moment)
        var need = try #require(status.waiting?.approval?.needs.first)
        need.rule = "tests"
        var asked = status
        asked.waiting?.approval?.needs = [need]
        let text = Frame.review(deployment, asked, nil, policy: policy).markup.text
        let (expiry, judge) = (text.firstRange(of: "1 hour, by rule tests"), text.firstRange(of: "id=\"judge\""))
        #expect(try #require(expiry).lowerBound < #require(judge).lowerBound)
        #expect(Frame.now(asked).markup.text.contains("Who has to answer:"))
        #expect(Frame.people(policy).markup.text.contains("<td>1 hour"))
    }

    @Test func `what does not wait has no answer, and a change that cannot be seen says not to approve`() throws {
        var status = try Records.status()
        status.waiting?.commit = try Records.commit("d")
        let text = Frame.review(try Records.deployment(), status, nil, problem: "it is gone").markup.text
        #expect(text.contains("It does not wait for an answer") && !text.contains("pinfold approve"))
        #expect(text.contains("it is gone") && text.contains("Do not approve what you have not seen"))
    }
}
