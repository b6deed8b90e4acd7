import DeployModel

/// Records for the tables of the loop's rules.
enum Sample {
    static let now = Timestamp(milliseconds: 1_700_000_000_000)
    static let later = Timestamp(milliseconds: 1_700_000_060_000)
    static let admin = Caller(role: .admin, uid: 0, name: "root")

    static func commit(_ letter: Character) -> CommitID { CommitID(String(repeating: letter, count: 40))! }

    static func deployment(
        _ id: Int, _ letter: Character = "a", _ stage: Stage? = nil, _ state: DeploymentState? = nil,
        kind: Deployment.Kind = .commit
    ) -> Deployment {
        var deployment = Deployment(id: id, kind: kind, commit: commit(letter), detected: now)
        if let stage { deployment.stage = stage }
        deployment.state = state ?? stage.map { $0.state ?? .testing } ?? .detected
        deployment.tree = "tree of \(letter)"
        return deployment
    }

    static func good(_ id: Int, _ letter: Character) -> Deployment {
        var deployment = deployment(id, letter, .check, .deployed)
        deployment.wasGood = true
        return deployment
    }

    static func version(_ id: Int, _ letter: Character, origin: Int? = nil) -> StatusDocument.DeployedVersion {
        .init(
            deployment: id, commit: commit(letter), tree: "tree of \(letter)", release: "/releases/\(id)", since: now,
            origin: origin ?? id)
    }
}

/// What was deployed before, in the order of the numbers.
struct Past: PastDeployments {
    var deployments: [Deployment] = []

    func deployment(_ id: Int) -> Deployment? { deployments.first { $0.id == id } }
    func latest(of commit: CommitID) -> Deployment? { deployments.last { $0.commit == commit } }
    func commit(beginning prefix: String, but commit: CommitID) -> CommitID? {
        deployments.map(\.commit).first { $0 != commit && $0.hex.hasPrefix(prefix) }
    }
    func deployed(before id: Int) -> [Deployment] { deployments.reversed().filter { $0.state == .deployed && $0.id < id } }
}

extension [RecordChange] {
    var saved: [Deployment] { compactMap { if case .save(let deployment) = $0 { deployment } else { nil } } }
    var inserted: [Deployment] { compactMap { if case .insert(let deployment) = $0 { deployment } else { nil } } }
    var quarantined: [Quarantine] { compactMap { if case .quarantine(let entry) = $0 { entry } else { nil } } }
    /// What runs afterwards: nil where that does not change.
    var running: StatusDocument.DeployedVersion?? {
        for case .running(let version) in self { return .some(version) }
        return nil
    }
    var good: StatusDocument.DeployedVersion? {
        for case .good(let version) in self { return version }
        return nil
    }
}
