import DeploySteps
import Testing

struct PublishPlanTests {
    private let files: [String: ClientFileKind] = [
        "index.html": .index, "index.html.gz": .index, "about.html": .entry, "logo.svg": .plain, "logo.svg.gz": .plain,
        "assets/a-1.js": .hashed, "assets/a-1.js.gz": .hashed,
    ]

    @Test func `what is named comes before what names it, and the index last`() {
        let plan = PublishPlan(files, there: [], others: [:])
        #expect(plan.assets == [.put("assets/a-1.js.gz"), .put("assets/a-1.js")])
        #expect(
            plan.pages == [
                .put("logo.svg.gz"), .put("logo.svg"), .put("about.html"), .put("index.html.gz"), .put("index.html"),
            ])
    }

    @Test func `what is there already stays`() {
        let plan = PublishPlan(files, there: Set(files.keys), others: [:])
        #expect(plan.assets.isEmpty && plan.pages.isEmpty)
        let rest = PublishPlan(files, there: Set(files.keys).subtracting(["index.html"]), others: files)
        #expect(rest.pages == [.put("index.html")])
    }

    @Test func `a compressed form of another version goes before its file comes`() {
        let plan = PublishPlan(
            ["index.html": .index], there: [], others: ["index.html.gz": .index, "index.html.br": .index, "index.html": .index])
        #expect(plan.pages == [.remove("index.html.gz"), .remove("index.html.br"), .put("index.html")])
    }

    @Test func `pages and service workers of other versions go last, and their other files stay`() {
        let others: [String: ClientFileKind] = [
            "sw.js": .entry, "sw.js.gz": .entry, "about.html": .entry, "logo.svg": .plain, "assets/b-2.js": .hashed,
        ]
        let plan = PublishPlan(["index.html": .index], there: [], others: others)
        #expect(plan.pages == [.put("index.html"), .remove("about.html"), .remove("sw.js"), .remove("sw.js.gz")])
    }

    @Test func `back to where there was no index it is what goes first`() {
        let plan = PublishPlan(["logo.svg": .plain], there: [], others: ["index.html": .index, "about.html": .entry])
        #expect(plan.pages == [.remove("about.html"), .remove("index.html"), .put("logo.svg")])
    }
}
