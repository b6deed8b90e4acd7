import AdminInterface
import DeployModel
import Foundation
import TestSupport
import Testing

/// Holds Docs/openapi.json true: every route and every field, in both directions.
@Suite struct OpenAPITests {
    private typealias Object = [String: Any]

    private static func document() throws -> Object {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .path()
        let value = try JSONSerialization.jsonObject(with: Data(try readBytes(path + "Docs/openapi.json")))
        return try #require(value as? Object)
    }

    private static func schemas() throws -> [String: Object] {
        let components = try #require(try document()["components"] as? Object)
        return try #require(components["schemas"] as? [String: Object])
    }

    @Test func `the routes described are the routes there are`() throws {
        let paths = try #require(try Self.document()["paths"] as? [String: [String: Object]])
        var described: Set<String> = []
        for (path, operations) in paths {
            for (method, operation) in operations {
                let name = try #require(operation["operationId"] as? String)
                let route = try #require(Route(rawValue: name), "\(name) is described and is no route")
                described.insert(name)
                #expect(route.path == path)
                #expect(route.method.rawValue == method.uppercased())
                #expect(operation["x-audience"] as? String == route.audience.rawValue)
                #expect(operation["x-review-page"] as? Bool ?? false == route.isReviewPages, "\(name)")
                let parameters = operation["parameters"] as? [Object] ?? []
                let inQuery = parameters.filter { $0["in"] as? String == "query" }.compactMap { $0["name"] as? String }
                #expect(Set(inQuery) == Set(Query.names(of: route)), "\(name)")
                let inPath = parameters.filter { $0["in"] as? String == "path" }.compactMap { $0["name"] as? String }
                #expect(inPath == path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) })
            }
        }
        #expect(described == Set(Route.allCases.map(\.rawValue)))
    }

    @Test func `every reference leads to a schema, and every schema is referred to`() throws {
        let document = try Self.document()
        var found: Set<String> = []
        func walk(_ value: Any) {
            if let object = value as? Object {
                if let reference = object["$ref"] as? String {
                    found.insert(String(reference.dropFirst("#/components/schemas/".count)))
                }
                object.values.forEach(walk)
            } else if let array = value as? [Any] {
                array.forEach(walk)
            }
        }
        walk(document)
        let schemas = try Self.schemas()
        #expect(found == Set(schemas.keys))
    }

    private static let diff = Diff(
        reading: Array(
            "diff --git a/x b/y\nrename from x\nrename to y\n--- a/x\n+++ b/y\n@@ -1 +1 @@ f\n-a\n+b\n\\ No newline at end of file\ndiff --git a/z b/z\nold mode 100644\nnew mode 100755\n"
                .utf8))

    /// Each value with all of its fields, and with those alone that it cannot be without.
    private static let samples: [(schema: String, whole: any Encodable & Sendable, bare: any Encodable & Sendable)] = [
        (
            "DeployAgentCodeInput", DeployAgentCodeInput(commitMessage: "m", forceDeploy: true, forceReason: "r"),
            DeployAgentCodeInput(commitMessage: nil)
        ),
        ("ReasonRequest", ReasonRequest(reason: "r"), ReasonRequest(reason: "r")),
        ("RollbackRequest", RollbackRequest(to: 1), RollbackRequest(to: nil)),
        ("StatusDocument", Samples.wholeStatus, Samples.emptyStatus),
        ("Deployment", Samples.wholeDeployment, Samples.deployment()),
        ("HistoryPage", HistoryPage(deployments: [Samples.wholeDeployment], next: 6), HistoryPage(deployments: [], next: nil)),
        ("EventList", EventList(events: [Samples.event]), EventList(events: [])),
        ("ChangeList", ChangeList(Self.diff), ChangeList(Diff(reading: []))),
        ("ChangedFile", ChangedFile(0, of: Self.diff, withLines: true), ChangedFile(1, of: Self.diff, withLines: false)),
        ("TestRuns", TestRuns(of: Samples.wholeDeployment), TestRuns(of: Samples.deployment())),
        ("LogPage", LogPage(text: "t", next: 1, complete: false), LogPage(text: "", next: 0, complete: true)),
        (
            "SurfaceAnswer", SurfaceAnswer(path: "tests/a", reason: "r", base: Samples.commit),
            SurfaceAnswer(path: "a", reason: nil, base: nil)
        ),
        ("PathsRequest", PathsRequest(paths: ["/a"]), PathsRequest(paths: [])),
        (
            "PathExplanations", PathExplanations(paths: [Samples.pathRules], isServed: true),
            PathExplanations(paths: [], isServed: false)
        ),
        (
            "PathRule", PathRule(allowed: false, rule: "hidden", sentence: "s", errno: 2, pattern: "/a"),
            PathRule(allowed: true, rule: "view", sentence: "s")
        ),
        ("Workspace", Samples.workspace, Samples.bareWorkspace),
        (
            "Quarantine", Samples.quarantine,
            Quarantine(commit: Samples.commit, tree: "t", good: nil, reason: "r", since: Samples.moment)
        ),
        ("Hold", Samples.hold, Samples.hold),
        ("Acknowledgement", Acknowledgement(message: "m"), Acknowledgement(message: "m")),
        ("Problem", Problem(.busy, "m"), Problem(.busy, "m")),
        ("TestVerdict", Samples.verdict, TestVerdict(passed: true, basis: .none)),
        ("Approval", Samples.approval, Approval(commit: Samples.commit, tree: "t", by: "root", at: Samples.moment)),
        ("PersonAnswer", Samples.wholeAnswer, Samples.bareAnswer),
        ("ApprovalProgress", Samples.wholeProgress, Samples.bareProgress),
        (
            "AnswerRequest",
            AnswerRequest(reason: "r", expectedTree: "t", surfaceDigest: "d", signature: "s", passkey: Samples.passkey),
            AnswerRequest()
        ),
        ("PolicyAnswer", Samples.policy(isWhole: true), Samples.policy(isWhole: false)),
        ("PushRecord", PushRecord(remote: "o", error: "e", next: Samples.moment), PushRecord(remote: "o")),
        ("ReloadRecord", Samples.reload, ReloadRecord(tier: .same)),
        ("StandIns", StandIns(count: 1, paths: ["a: b"], new: Array(repeating: "a: b", count: 201)), StandIns(count: 0, paths: [])),
        (
            "StepRecord", StepRecord(stage: .push, started: Samples.moment, ended: Samples.moment, note: "n"),
            StepRecord(stage: .push, started: Samples.moment, ended: Samples.moment)
        ),
        (
            "DeployedVersion", Samples.version,
            StatusDocument.DeployedVersion(
                deployment: 1, commit: Samples.commit, tree: "t", release: nil, since: Samples.moment, origin: 1)
        ),
    ]

    @Test(arguments: samples.indices)
    func `the fields described are the fields there are`(index: Int) throws {
        let sample = Self.samples[index]
        let schemas = try Self.schemas()
        let schema = try #require(schemas[sample.schema])
        let whole = try #require(try Self.json(sample.whole) as? Object)
        let bare = try #require(try Self.json(sample.bare) as? Object)
        let properties = try #require(schema["properties"] as? Object)
        #expect(Set(whole.keys) == Set(properties.keys), "\(sample.schema)")
        let required = try #require(schema["required"] as? [String])
        #expect(Set(bare.keys) == Set(required), "\(sample.schema), what is required")
        try Self.check(whole, schema, schemas, sample.schema)
        try Self.check(bare, schema, schemas, sample.schema)
    }

    @Test func `the seed's output has exactly the seed's fields`() throws {
        let fields = try #require(try Self.json(DeployAgentCodeOutput(Samples.wholeDeployment)) as? Object)
        #expect(
            Set(fields.keys) == [
                "success", "commit_hash", "tests_passed", "human_approval_required", "deployed", "backup_location",
            ])
    }

    @Test func `the words described are the words there are`() throws {
        let schemas = try Self.schemas()
        func words(_ schema: Object?) -> Set<String> { Set(schema?["enum"] as? [String] ?? []) }
        func property(_ schema: String, _ name: String) -> Object? { (schemas[schema]?["properties"] as? Object)?[name] as? Object }
        #expect(words(schemas["DeploymentState"]) == Set(DeploymentState.allCases.map(\.rawValue)))
        #expect(words(schemas["Stage"]) == Set(Stage.allCases.map(\.rawValue)))
        #expect(words(schemas["ApprovalReason"]) == Set(ApprovalReason.allCases.map(\.rawValue)))
        #expect(words(property("Problem", "kind")) == Set(Problem.Kind.allCases.map(\.rawValue)))
        #expect(words(property("ReloadRecord", "tier")) == Set(ReloadRecord.Tier.allCases.map(\.rawValue)))
        #expect(words(property("PersonAnswer", "verdict")) == Set(PersonAnswer.Verdict.allCases.map(\.rawValue)))
        #expect(words(property("PersonAnswer", "proof")) == Set(PersonAnswer.Proof.allCases.map(\.rawValue)))
        #expect(words(property("ApprovalProgress", "state")) == Set(ApprovalProgress.State.allCases.map(\.rawValue)))
        #expect(words(property("TestVerdict", "basis")) == ["report", "exit_code", "none"])
    }

    private static func json(_ value: any Encodable) throws -> Any {
        try JSONSerialization.jsonObject(with: try DeployJSON.encode(value))
    }

    /// As much of JSON Schema as the description uses.
    private static func check(_ value: Any, _ schema: Object, _ schemas: [String: Object], _ place: String) throws {
        if let reference = schema["$ref"] as? String {
            let name = String(reference.dropFirst("#/components/schemas/".count))
            return try check(value, try #require(schemas[name]), schemas, place)
        }
        if let choices = schema["oneOf"] as? [Object] {
            let keys = Set((value as? Object ?? [:]).keys)
            let fitting = choices.filter { Set($0["required"] as? [String] ?? []) == keys }
            #expect(fitting.count == 1, "\(place)")
            if let choice = fitting.first { try check(value, choice, schemas, place) }
            return
        }
        switch schema["type"] as? String {
        case "object":
            let object = try #require(value as? Object, "\(place) is no object")
            let properties = schema["properties"] as? [String: Object] ?? [:]
            for name in schema["required"] as? [String] ?? [] { #expect(object[name] != nil, "\(place).\(name)") }
            for (name, field) in object {
                let described = try #require(properties[name], "\(place).\(name) is not described")
                try check(field, described, schemas, "\(place).\(name)")
            }
        case "array":
            let items = try #require(schema["items"] as? Object)
            for item in try #require(value as? [Any], "\(place) is no array") { try check(item, items, schemas, place) }
        case "string":
            let text = try #require(value as? String, "\(place) is no string")
            if let words = schema["enum"] as? [String] { #expect(words.contains(text), "\(place)") }
            if let pattern = schema["pattern"] as? String {
                let expression = try Regex(pattern)
                #expect(text.contains(expression), "\(place): \(text)")
            }
        case "integer": #expect(value is Int, "\(place)")
        case "boolean": #expect(value is Bool, "\(place)")
        default: Issue.record("\(place) has no type")
        }
    }
}
