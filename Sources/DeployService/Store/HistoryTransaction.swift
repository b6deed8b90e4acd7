internal import DeployModel
internal import DeploySteps
internal import FoundationEssentials
internal import GRDB

/// A change that what is on record does not allow. Trying it again does not mend it.
struct RefusedChange: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}

/// What can be done inside one transaction.
struct HistoryTransaction: PastDeployments {
    let db: Database

    // Deployments.

    /// The number of the next deployment; none is given twice.
    func nextNumber() throws -> Int { try (lastNumber() ?? 0) + 1 }

    /// A new deployment, by its number.
    func insert(_ deployment: Deployment) throws {
        try db.execute(
            sql: "INSERT INTO deployments (id, commit_id, state, ended, record) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                deployment.id, deployment.commit.hex, deployment.state.rawValue, deployment.state.isEnd,
                try DeployJSON.encode(deployment),
            ])
    }

    /// - Throws: where its state cannot follow the one that is on record, and nothing of the transaction is written then.
    func save(_ deployment: Deployment) throws {
        guard let text = try String.fetchOne(db, sql: "SELECT state FROM deployments WHERE id = ?", arguments: [deployment.id]),
            let before = DeploymentState(rawValue: text)
        else { throw RefusedChange("deployment \(deployment.id) is not on record, so nothing can be recorded of it") }
        guard before == deployment.state || before.successors.contains(deployment.state) else {
            throw RefusedChange(
                "deployment \(deployment.id) is \(before.rawValue) and cannot become \(deployment.state.rawValue): a fault of Pinfold's"
            )
        }
        try db.execute(
            sql: "UPDATE deployments SET state = ?, ended = ?, record = ? WHERE id = ?",
            arguments: [deployment.state.rawValue, deployment.state.isEnd, try DeployJSON.encode(deployment), deployment.id])
    }

    func apply(_ changes: [RecordChange]) throws {
        for change in changes {
            switch change {
            case .insert(let deployment): try insert(deployment)
            case .save(let deployment): try save(deployment)
            case .passedTests(let ids, let deployment): try save(passedTests: ids, of: deployment)
            case .running(let version): try set(.running, version)
            case .good(let version): try set(.good, version)
            case .tip(let commit): try set(.tip, commit)
            case .hold(let hold): try set(.hold, hold)
            case .calledOff(let runs): try set(.calledOff, runs)
            case .quarantine(let entry): try quarantine(entry)
            case .lift(let commit): try lift(commit)
            case .rejection(let rejection): try save(rejection)
            case .askedAgain(let tree): try countRejection(of: tree)
            case .forgetRejection(let tree): try forgetRejection(of: tree)
            }
        }
    }

    func deployment(_ id: Int) throws -> Deployment? {
        try deployments("SELECT record FROM deployments WHERE id = ?", [id]).first
    }

    func open() throws -> [Deployment] {
        try deployments("SELECT record FROM deployments WHERE ended = 0 ORDER BY id", [])
    }

    /// The newest before one: `limit` of them at most, or as many as have 4 MiB together, but at least one.
    func history(limit: Int, before: Int?, state: DeploymentState? = nil) throws -> [Deployment] {
        let condition = state == nil ? "" : "state = ? AND "
        let arguments: [(any DatabaseValueConvertible)?] = state.map { [$0.rawValue] } ?? []
        let records = try Data.fetchCursor(
            db, sql: "SELECT record FROM deployments WHERE \(condition)id < ? ORDER BY id DESC LIMIT ?",
            arguments: StatementArguments(arguments + [before ?? Int.max, limit]))
        var (found, bytes): ([Deployment], Int) = ([], 0)
        while let record = try records.next() {
            bytes += record.count
            guard found.isEmpty || bytes <= 4 << 20 else { break }
            found.append(try DeployJSON.decode(Deployment.self, from: record))
        }
        return found
    }

    /// The deployments after one, oldest first.
    func since(_ id: Int) throws -> [Deployment] {
        try deployments("SELECT record FROM deployments WHERE id > ? ORDER BY id LIMIT 1000", [id])
    }

    func latest(of commit: CommitID) throws -> Deployment? {
        try deployments("SELECT record FROM deployments WHERE commit_id = ? ORDER BY id DESC LIMIT 1", [commit.hex]).first
    }

    func commit(beginning prefix: String, but commit: CommitID) throws -> CommitID? {
        // What follows the last digit bounds it from above, so that the index is used.
        try String.fetchOne(
            db, sql: "SELECT commit_id FROM deployments WHERE commit_id >= ? AND commit_id < ? AND commit_id != ? LIMIT 1",
            arguments: [prefix, prefix + "g", commit.hex]
        ).flatMap { CommitID($0) }
    }

    func deployed(before id: Int) throws -> [Deployment] {
        try deployments("SELECT record FROM deployments WHERE state = 'deployed' AND id < ? ORDER BY id DESC LIMIT 200", [id])
    }

    /// The highest number that a deployment has been given; nil before the first.
    func lastNumber() throws -> Int? {
        try Int.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'deployments'")
    }

    func lastEnded() throws -> Deployment? {
        try deployments("SELECT record FROM deployments WHERE ended = 1 ORDER BY id DESC LIMIT 1", []).first
    }

    private func deployments(_ sql: String, _ arguments: StatementArguments) throws -> [Deployment] {
        try Data.fetchAll(db, sql: sql, arguments: arguments).map { try DeployJSON.decode(Deployment.self, from: $0) }
    }

    // Decisions.

    func append(_ decision: DeployDecision, by caller: Caller, at: Timestamp) throws -> Int64 {
        try db.execute(
            sql: "INSERT INTO decisions (at, caller, decision) VALUES (?, ?, ?)",
            arguments: [at.description, try DeployJSON.encode(caller), try DeployJSON.encode(decision)])
        return db.lastInsertedRowID
    }

    func openDecisions() throws -> [OpenDecision] {
        try Row.fetchAll(db, sql: "SELECT id, at, caller, decision FROM decisions WHERE answer IS NULL ORDER BY id").map { row in
            OpenDecision(
                id: row["id"], decision: try DeployJSON.decode(DeployDecision.self, from: row["decision"]),
                caller: try DeployJSON.decode(Caller.self, from: row["caller"]), at: Timestamp(row["at"] as String) ?? Clock.now)
        }
    }

    /// The number of the newest one; nil before the first.
    func newestDecision() throws -> Int64? { try Int64.fetchOne(db, sql: "SELECT max(id) FROM decisions") }

    func answer(_ id: Int64, _ answer: Answer) throws {
        try db.execute(sql: "UPDATE decisions SET answer = ? WHERE id = ?", arguments: [try DeployJSON.encode(answer), id])
    }

    func answer(to id: Int64) throws -> Answer? {
        try Data.fetchOne(db, sql: "SELECT answer FROM decisions WHERE id = ? AND answer IS NOT NULL", arguments: [id]).map {
            try DeployJSON.decode(Answer.self, from: $0)
        }
    }

    // Events.

    func append(_ event: Event) throws {
        try db.execute(sql: "INSERT INTO events (record) VALUES (?)", arguments: [try DeployJSON.encode(event)])
    }

    func events(limit: Int) throws -> [Event] {
        try Data.fetchAll(db, sql: "SELECT record FROM events ORDER BY id DESC LIMIT ?", arguments: [limit]).map {
            try DeployJSON.decode(Event.self, from: $0)
        }
    }

    // Quarantine.

    func quarantine() throws -> [Quarantine] {
        try Data.fetchAll(db, sql: "SELECT record FROM quarantine ORDER BY rowid").map {
            try DeployJSON.decode(Quarantine.self, from: $0)
        }
    }

    func quarantine(_ entry: Quarantine) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO quarantine (commit_id, record) VALUES (?, ?)",
            arguments: [entry.commit.hex, try DeployJSON.encode(entry)])
    }

    func lift(_ commit: CommitID) throws {
        try db.execute(sql: "DELETE FROM quarantine WHERE commit_id = ?", arguments: [commit.hex])
    }

    // Rejections.

    func rejections() throws -> [Rejection] {
        try Data.fetchAll(db, sql: "SELECT record FROM rejections ORDER BY rowid").map {
            try DeployJSON.decode(Rejection.self, from: $0)
        }
    }

    private func save(_ rejection: Rejection) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO rejections (tree, record) VALUES (?, ?)",
            arguments: [rejection.tree, try DeployJSON.encode(rejection)])
    }

    private func countRejection(of tree: String) throws {
        let found = try Data.fetchOne(db, sql: "SELECT record FROM rejections WHERE tree = ?", arguments: [tree])
        guard var rejection = try found.map({ try DeployJSON.decode(Rejection.self, from: $0) }) else { return }
        rejection.asked += 1
        try save(rejection)
    }

    private func forgetRejection(of tree: String) throws {
        try db.execute(sql: "DELETE FROM rejections WHERE tree = ?", arguments: [tree])
    }

    // Tests.

    func passedTests(of deployment: Int) throws -> PassedTests? {
        try Row.fetchOne(db, sql: "SELECT ids, form FROM passed_tests WHERE deployment = ?", arguments: [deployment]).map {
            let form: Int = $0["form"]
            guard let form = PassedTests.Form(rawValue: form) else {
                throw DeployError.broken("the passed tests of deployment \(deployment) are of a newer form, \(form)")
            }
            return PassedTests(Set(try DeployJSON.decode([String].self, from: $0["ids"])), form: form)
        }
    }

    func save(passedTests ids: [String], of deployment: Int) throws {
        try db.execute(
            sql: "INSERT OR REPLACE INTO passed_tests (deployment, ids, form) VALUES (?, ?, ?)",
            arguments: [deployment, try DeployJSON.encode(ids), PassedTests.Form.whole.rawValue])
    }

    // Facts.

    func fact<Value: Decodable>(_ fact: Fact<Value>) throws -> Value? {
        try Data.fetchOne(db, sql: "SELECT value FROM facts WHERE name = ?", arguments: [fact.name]).map {
            try DeployJSON.decode([Value].self, from: $0)[0]
        }
    }

    /// nil removes it.
    func set<Value: Encodable>(_ fact: Fact<Value>, _ value: Value?) throws {
        guard let value else { return try db.execute(sql: "DELETE FROM facts WHERE name = ?", arguments: [fact.name]) }
        try db.execute(
            sql: "INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", arguments: [fact.name, try DeployJSON.encode([value])])
    }
}
