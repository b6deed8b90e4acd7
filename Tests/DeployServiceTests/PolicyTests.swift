import AdminInterface
import CLinux
import DeployModel
import DeployService
import DeploySteps
import LinuxSystem
import TestSupport
import Testing

/// Three people with real keys, and the policy that lies in the farm.
struct PolicyFarm: Sendable {
    let directory: String
    private let publicKeys: [String: String]

    static let people = ["ada", "ken", "grace"]

    init(in directory: String) throws {
        self.directory = directory
        var keys: [String: String] = [:]
        for name in Self.people + ["eve"] {
            try run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", "\(directory)/\(name)"]).requireSuccess()
            keys[name] = try readFile("\(directory)/\(name).pub").trimmed
        }
        publicKeys = keys
    }

    var file: String { directory + "/approval.policy" }

    /// Two of those named, for everything.
    /// - Parameter means: what else somebody answers with, as lines.
    func write(
        _ people: [String] = people, need: Int = 2, _ more: String = "", of means: [String: String] = [:],
        key: (String) -> String = { $0 }
    ) throws {
        var text = people.map {
            "[person \($0)]\nauthor = \($0)@example.org\nkey = \(key(publicKeys[$0] ?? ""))\n" + (means[$0] ?? "")
        }.joined()
        text += "[rule all]\nfrom = \(people.joined(separator: ", "))\nneed = \(need)\n\(more)"
        try writeFile(file, text)
        unsafe chmod(file, 0o644)
    }

    func sign(_ text: String, by person: String, namespace: String = AnswerText.namespace) throws -> String {
        try run("ssh-keygen", ["-q", "-Y", "sign", "-n", namespace, "-f", "\(directory)/\(person)"], input: text).requireSuccess()
    }

    /// What a person sends who looks at the status at this moment.
    func request(
        _ service: DeployService, _ verdict: PersonAnswer.Verdict = .approve, by person: String, reason: String? = nil
    ) throws -> AnswerRequest {
        guard let waiting = try service.status().waiting, let text = AnswerText(verdict, on: waiting, reason: reason) else {
            throw TestFailure("nothing waits")
        }
        return AnswerRequest(
            reason: reason, expectedTree: waiting.tree, surfaceDigest: waiting.approval?.surfaceDigest,
            signature: try sign(text.text, by: person))
    }
}

extension String {
    fileprivate var trimmed: String { String(prefix { !$0.isNewline }) }
}

/// Approvals by several people, with real signatures.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct PolicyTests {
    /// A farm with a policy, a deployed commit, and a change of a test that waits.
    func asked(
        fault: FaultPoint? = nil, author: String? = nil,
        _ change: @escaping @Sendable (PolicyFarm) throws -> Void = { try $0.write() },
        _ body: @Sendable (Farm, PolicyFarm, DeployService, Deployment) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { root in
            var farm = try Farm(root)
            try makeDirectories(root + "/etc")
            let policy = try PolicyFarm(in: root + "/etc")
            try change(policy)
            farm.settings.policy = PolicyFile(policy.file)
            let ready = farm
            try await withService(ready, fault: fault) { service in
                try await service.deployed(ready.commit(["a": "1", "tests/test_a.py": "1"]))
                let waiting = try await service.outcome(of: ready.commit(["a": "2", "tests/test_a.py": "2"], author: author))
                try #require(waiting.state == .awaitingApproval)
                try await eventually("the status says so") { try service.status().waiting?.commit == waiting.commit }
                try await body(ready, policy, service, waiting)
            }
        }
    }

    func refusal(_ body: () async throws -> Deployment) async -> String? {
        do {
            _ = try await body()
            return nil
        } catch let error as DeployError {
            return error.message
        } catch { return "\(error)" }
    }

    @Test func `two of three people are needed, each counts once, and who is missing is told`() async throws {
        try await asked { farm, policy, service, waiting in
            let commit = waiting.commit.hex
            let one = try await service.answer(.approve, commit, policy.request(service, by: "ada"), by: admin)
            #expect(one.approval == nil && one.answers?.map(\.person) == ["ada"] && one.answers?.first?.proof == .sshsig)
            let progress = try #require(try service.status().waiting?.approval)
            #expect(progress.state == .partly && progress.needs.map(\.mayAnswer) == [["ken", "grace"]])
            let again = try await service.answer(.approve, commit, policy.request(service, by: "ada"), by: admin)
            #expect(again.approval == nil && again.answers?.count == 1)
            #expect(await refusal { try await service.approve(commit, by: admin) }?.contains("does not ask root") == true)
            #expect(try farm.deployed("a") == "1")
            try await eventually("the flag file tells") {
                try readFile(farm.deployments + "/human_approval_required.flag").contains("rule all: 1 of 2")
            }

            _ = try await service.answer(.approve, commit, policy.request(service, by: "grace"), by: admin)
            let deployed = try await service.deployed(waiting.commit)
            #expect(
                deployed.answers?.map(\.person) == ["ada", "grace"] && deployed.answers?.allSatisfy { $0.signature != nil } == true)
            #expect(deployed.approval?.by.contains("ada") == true && deployed.approval?.used != nil)
            #expect(try farm.deployed("a") == "2")
        }
    }

    @Test func `a signature of anything else, by anybody else, or with a key out of its time is refused`() async throws {
        try await asked { farm, policy, service, waiting in
            let commit = waiting.commit.hex
            let asked = try #require(try service.status().waiting)
            let text = try #require(AnswerText(.approve, on: asked))
            func refused(_ signature: String, _ words: String) async {
                let request = AnswerRequest(signature: signature)
                let said = await refusal { try await service.answer(.approve, commit, request, by: admin) }
                #expect(said?.contains(words) == true, "\(said ?? "not refused")")
            }
            await refused(try policy.sign(text.text, by: "eve"), "nobody's in the approval policy")
            var other = text
            other.verdict = .reject
            await refused(try policy.sign(other.text, by: "ada"), "is not of this answer")
            other = text
            other.deployment += 1
            await refused(try policy.sign(other.text, by: "ada"), "is not of this answer")
            await refused(try policy.sign(text.text, by: "ada", namespace: "file"), "is not of this answer")
            await refused("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n", "nobody's in the approval policy")
            await refused("hello", "is not one of 'ssh-keygen -Y sign'")
            try policy.write { "valid-before=20200101Z \($0)" }
            let expired = AnswerText(.approve, on: waiting, by: try PolicyFile(policy.file).read().get(), at: Clock.now)
            let late = try #require(expired)
            await refused(try policy.sign(late.text, by: "ada"), "has expired on")
            #expect(try service.show(waiting.id).answers == nil)
            #expect(try service.events(limit: 20).contains { $0.outcome.contains("nobody's in the approval policy") })
        }
    }

    @Test func `nobody approves what they made, though they may reject it`() async throws {
        try await asked(author: "Somebody Else <ADA@example.org>") { farm, policy, service, waiting in
            let commit = waiting.commit.hex
            #expect(waiting.makers?.listed.contains { $0.email == "ADA@example.org" } == true)
            let request = try policy.request(service, by: "ada")
            #expect(
                await refusal { try await service.answer(.approve, commit, request, by: admin) }?.contains("ada made this") == true)
            let no = try policy.request(service, .reject, by: "ada", reason: "not yet")
            let rejected = try await service.answer(.reject, commit, no, by: admin)
            #expect(rejected.state == .rejected && rejected.reason == "a human: not yet")
        }
    }

    @Test func `a policy that changes while something waits makes what was answered void`() async throws {
        try await asked { farm, policy, service, waiting in
            let commit = waiting.commit.hex
            let early = try policy.request(service, by: "ken")
            _ = try await service.answer(.approve, commit, policy.request(service, by: "ada"), by: admin)
            try policy.write(["ada", "grace", "ken"])
            // What was signed before the change is not signed for what holds now.
            #expect(
                await refusal { try await service.answer(.approve, commit, early, by: admin) }?.contains("is not of this answer")
                    == true)
            _ = try await service.hold(reason: "wakes the loop", by: admin)
            try await service.resume(by: admin)
            try await eventually("it is void on record") { try service.show(waiting.id).answers?.first?.void != nil }
            // Nothing makes it count again, not the old policy either.
            try policy.write()
            _ = try await service.answer(.approve, commit, policy.request(service, by: "ken"), by: admin)
            #expect(try service.status().waiting?.approval?.needs.first?.given == ["ken"])
            _ = try await service.answer(.approve, commit, policy.request(service, by: "ada"), by: admin)
            #expect(try await service.deployed(waiting.commit).answers?.map { $0.void == nil } == [false, true, true])
        }
    }

    @Test func `a policy that cannot be read lets nobody agree, and root refuse`() async throws {
        try await asked { farm, policy, service, waiting in
            let commit = waiting.commit.hex
            let request = try policy.request(service, by: "ada")
            unsafe chmod(policy.file, 0o666)
            #expect(
                await refusal { try await service.answer(.approve, commit, request, by: admin) }?.contains("nobody else's to write")
                    == true)
            unsafe chmod(policy.file, 0o644)
            try writeFile(policy.file, "[rule all]\nfrom = nobody\n")
            #expect(await refusal { try await service.approve(commit, by: admin) }?.contains("line 1: rule all") == true)
            try await eventually("the status warns") { try service.status().warnings.contains { $0.contains("approval policy") } }
            #expect(try await service.reject(commit, reason: "no", by: admin).state == .rejected)
        }
    }

    @Test func `a signer who is removed between the approval and the switch takes their answer along`() async throws {
        let changed = Lock<PolicyFarm?>(nil)
        // On the thread of the build step, after the approval was taken up.
        let fault = FaultPoint(armed: nil) { point in
            if point == "build:begin", let policy = changed.withLock({ $0 }) { try? policy.write(["ada", "grace"]) }
        }
        try await asked(fault: fault) { farm, policy, service, waiting in
            changed.withLock { $0 = policy }
            let commit = waiting.commit.hex
            for person in ["ada", "ken"] {
                _ = try await service.answer(.approve, commit, policy.request(service, by: person), by: admin)
            }
            try await eventually("it is asked about again") {
                let now = try service.show(waiting.id)
                return now.waitsForHuman && now.steps.contains { $0.stage == .build }
            }
            let again = try service.show(waiting.id)
            #expect(again.stage == .approve && again.approval == nil && again.reason?.contains("counts no more") == true)
            #expect(again.answers?.compactMap(\.void).contains { $0.contains("ken is no longer in the policy") } == true)
            #expect(try farm.deployed("a") == "1")
            changed.withLock { $0 = nil }
            for person in ["ada", "grace"] {
                try await eventually("the status says that it waits") { try service.status().waiting?.commit == waiting.commit }
                _ = try await service.answer(.approve, commit, policy.request(service, by: person), by: admin)
            }
            try await service.deployed(waiting.commit)
            #expect(try farm.deployed("a") == "2")
        }
    }

    @Test func `a passkey that is taken away between the approval and the switch takes its answer along`() async throws {
        let changed = Lock<PolicyFarm?>(nil)
        let fault = FaultPoint(armed: nil) { point in
            if point == "build:begin", let policy = changed.withLock({ $0 }) { try? policy.write(["ada", "ken"]) }
        }
        let passkey = Lock<SoftwarePasskey?>(nil)
        try await asked(fault: fault) { policy in
            let made = try SoftwarePasskey(in: policy.directory + "/passkey")
            passkey.withLock { $0 = made }
            try policy.write(["ada", "ken"], of: ["ken": "passkey = \(made.id) \(made.publicKey) phone\n"])
        } _: { farm, policy, service, waiting in
            let made = try #require(passkey.withLock { $0 })
            let request = try passkeyRequest(made, service)
            // By the page's own way in.
            let page = Caller(role: .review, uid: ReviewUser.id, name: "review page")
            let commit = waiting.commit.hex
            let one = try await service.answer(.approve, commit, request, by: page)
            #expect(one.answers?.map(\.proof) == [.passkey] && one.answers?.first?.person == "ken")
            changed.withLock { $0 = policy }
            _ = try await service.answer(.approve, commit, policy.request(service, by: "ada"), by: admin)
            try await eventually("it is asked about again") {
                let now = try service.show(waiting.id)
                return now.waitsForHuman && now.steps.contains { $0.stage == .build }
            }
            changed.withLock { $0 = nil }
            let again = try service.show(waiting.id)
            #expect(again.answers?.first?.void?.contains("no longer gives ken the key") == true, "\(again.answers ?? [])")
            #expect(try farm.deployed("a") == "1")
            // What was signed for the policy of then is not signed for this one.
            #expect(await refusal { try await service.answer(.approve, commit, request, by: page) }?.contains("nobody's") == true)
            // And nobody answers from the page without one.
            #expect(
                await refusal { try await service.answer(.approve, commit, AnswerRequest(), by: page) }?.contains(
                    "nobody has signed")
                    == true)
        }
    }

    @Test func `what was refused, and what counts no more, is so after a restart`() async throws {
        try await withTemporaryDirectory { root in
            var farm = try Farm(root)
            try makeDirectories(root + "/etc")
            let policy = try PolicyFarm(in: root + "/etc")
            try policy.write()
            farm.settings.policy = PolicyFile(policy.file)
            let ready = farm
            let commit = try await asking(ready, policy)
            // Changed and changed back while nobody looks: the digest is the same, and so it counts; changed while somebody looks, it does not.
            try policy.write(["ada", "ken"])
            try await withService(ready) { service in
                try await eventually("the answer is void") { try service.status().current?.answers?.first?.void != nil }
            }
            try policy.write()
            try await withService(ready) { service in
                try await eventually("it waits") { try service.status().waiting?.commit == commit }
                #expect(try service.status().waiting?.approval?.state == .asked)
                let no = try policy.request(service, .reject, by: "grace", reason: "not this")
                #expect(try await service.answer(.reject, commit.hex, no, by: admin).state == .rejected)
            }
            try await withService(ready) { service in
                let last = try #require(try service.history(limit: 1).first)
                #expect(last.state == .rejected && last.answers?.last?.person == "grace" && last.answers?.first?.void != nil)
                #expect(await refusal { try await service.approve(commit.hex, by: admin) }?.contains("no commit waits") == true)
                #expect(try ready.deployed("tests/test_a.py").contains("1"))
            }
        }
    }

    @Test func `a file that only the policy names is asked about`() async throws {
        try await asked {
            try $0.write(need: 1)
        } _: { farm, policy, service, waiting in
            _ = try await service.reject(waiting.commit.hex, reason: "no", by: admin)
            let text = try readFile(policy.file).replacing(
                "[rule all]", with: "[rule pay]\npaths = /pay/**\nfrom = ken\n[rule all]")
            try writeFile(policy.file, text)
            try farm.agent("git rm -q --cached tests/test_a.py && git reset -q --hard HEAD~1")
            let asked = try await service.outcome(of: farm.commit(["pay/a": "1"]))
            #expect(asked.approvalReasons == [.policyPaths])
            try await eventually("the status says so") { try service.status().waiting?.commit == asked.commit }
            #expect(try service.status().waiting?.approval?.needs.map(\.mayAnswer) == [["ken"]])
            _ = try await service.answer(.approve, asked.commit.hex, policy.request(service, by: "ken"), by: admin)
            try await service.deployed(asked.commit)
        }
    }

    @Test func `force takes the policy's leave and a reason, before anything is committed`() async throws {
        try await asked { farm, policy, service, waiting in
            let head = try farm.head()
            try farm.agent("echo 3 > tests/test_a.py")
            func force(_ reason: String?) async -> String? {
                await refusal {
                    try await service.deploy(
                        DeployActionRequest(commitMessage: "m", forceDeploy: true, forceReason: reason), by: admin)
                }
            }
            #expect(await force("night")?.contains("gives nobody force") == true)
            try policy.write(PolicyFarm.people, "[force]\nfrom = root\n")
            #expect(await force(nil)?.contains("--reason") == true)
            #expect(try farm.head() == head)
            #expect(await force("night") == nil)
            let deployed = try await service.deployed(farm.head())
            #expect(deployed.forceReason == "night" && deployed.forcedBy == "root (uid 0)")
        }
    }

    @Test func `what was answered outlives the daemon, and what changed while it was down is seen`() async throws {
        try await withTemporaryDirectory { root in
            var farm = try Farm(root)
            try makeDirectories(root + "/etc")
            let policy = try PolicyFarm(in: root + "/etc")
            try policy.write()
            farm.settings.policy = PolicyFile(policy.file)
            let ready = farm
            let commit = try await asking(ready, policy)
            // Asked, with one answer: the other one completes it after a restart.
            try await withService(ready) { service in
                try await eventually("it waits") { try service.status().waiting?.commit == commit }
                #expect(try service.status().waiting?.approval?.needs.first?.given == ["ada"])
            }
            try policy.write(["ada", "ken"])
            try await withService(ready) { service in
                try await eventually("the answer is void") { try service.status().current?.answers?.first?.void != nil }
                for person in ["ken", "ada"] {
                    _ = try await service.answer(.approve, commit.hex, policy.request(service, by: person), by: admin)
                }
                try await service.deployed(commit)
            }
        }
    }

    private func asking(_ farm: Farm, _ policy: PolicyFarm) async throws -> CommitID {
        let asked = Lock<CommitID?>(nil)
        try await withService(farm) { service in
            try await service.deployed(farm.commit(["tests/test_a.py": "1"]))
            let waiting = try await service.outcome(of: farm.commit(["tests/test_a.py": "2"]))
            try await eventually("the status says so") { try service.status().waiting?.commit == waiting.commit }
            _ = try await service.answer(.approve, waiting.commit.hex, policy.request(service, by: "ada"), by: admin)
            asked.withLock { $0 = waiting.commit }
        }
        return try #require(asked.withLock { $0 })
    }
}
