internal import DeployModel
internal import DeploySteps
internal import Foundation
internal import GRDB

/// Deployments, decisions and what holds between them, in `history.sqlite`: what is committed here has happened.
///
/// Records are JSON beside the few columns that are searched by, so that an older history stays readable when records grow. Write-ahead
/// log, synced at each commit.
final class HistoryStore: Sendable {
    private let pool: DatabasePool

    /// - Parameter used: the highest number of a deployment that anything on disk bears: a history that has been lost, or was put back from a
    ///   copy, goes on above it.
    init(path: String, numbersAbove used: Int = 0) throws(DeployError) {
        do {
            var configuration = GRDB.Configuration()
            configuration.busyMode = .timeout(30)
            pool = try DatabasePool(path: path, configuration: configuration)
            // Only here: after the hook for new connections the library sets NORMAL, by which a commit is not synced, on the one that writes.
            try pool.writeWithoutTransaction { db in
                try db.execute(sql: "PRAGMA synchronous = FULL")
                guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2 else {
                    throw DeployError.broken("it cannot be synced at each commit")
                }
            }
            try Self.schema.migrate(pool)
            try pool.write { db in
                let given = try Int.fetchOne(db, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'deployments'")
                guard used > given ?? 0 else { return }
                try db.execute(sql: "DELETE FROM sqlite_sequence WHERE name = 'deployments'")
                try db.execute(sql: "INSERT INTO sqlite_sequence (name, seq) VALUES ('deployments', ?)", arguments: [used])
            }
        } catch {
            throw .broken("the history \(path) cannot be opened: \(error)")
        }
    }

    private static var schema: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { db in
            try db.execute(
                sql: """
                    CREATE TABLE deployments (
                        id INTEGER PRIMARY KEY AUTOINCREMENT, commit_id TEXT NOT NULL, state TEXT NOT NULL, ended INTEGER NOT NULL, record BLOB NOT NULL);
                    CREATE INDEX deployments_by_commit ON deployments (commit_id, id);
                    CREATE INDEX deployments_open ON deployments (id) WHERE ended = 0;
                    CREATE INDEX deployments_by_state ON deployments (state, id);
                    CREATE TABLE decisions (
                        id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, caller BLOB NOT NULL, decision BLOB NOT NULL, answer BLOB);
                    CREATE INDEX decisions_open ON decisions (id) WHERE answer IS NULL;
                    CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, record BLOB NOT NULL);
                    CREATE TABLE quarantine (commit_id TEXT PRIMARY KEY, record BLOB NOT NULL);
                    CREATE TABLE passed_tests (deployment INTEGER PRIMARY KEY, ids BLOB NOT NULL);
                    CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL);
                    """)
        }
        // What was recorded before is in the former form.
        migrator.registerMigration("passed tests: form") { db in
            try db.execute(
                sql: "ALTER TABLE passed_tests ADD COLUMN form INTEGER NOT NULL DEFAULT \(PassedTests.Form.classAndName.rawValue)")
        }
        return migrator
    }

    /// Several changes that happen together or not at all.
    func write<Result: Sendable>(_ body: @Sendable (HistoryTransaction) throws -> Result) throws(DeployError) -> Result {
        do {
            return try pool.write { try body(HistoryTransaction(db: $0)) }
        } catch let error as DeployError {
            throw error
        } catch {
            throw .broken("the history cannot be written: \(error)")
        }
    }

    func read<Result: Sendable>(_ body: @Sendable (HistoryTransaction) throws -> Result) throws(DeployError) -> Result {
        do {
            return try pool.read { try body(HistoryTransaction(db: $0)) }
        } catch let error as DeployError {
            throw error
        } catch {
            throw .broken("the history cannot be read: \(error)")
        }
    }
}

/// What can be done inside one transaction.
struct HistoryTransaction {
    let db: Database

    // Deployments.

    func insert(_ kind: Deployment.Kind, commit: CommitID, at: Timestamp, _ change: (inout Deployment) -> Void = { _ in }) throws
        -> Deployment
    {
        try db.execute(
            sql: "INSERT INTO deployments (commit_id, state, ended, record) VALUES (?, '', 0, x'')", arguments: [commit.hex])
        var deployment = Deployment(id: Int(db.lastInsertedRowID), kind: kind, commit: commit, detected: at)
        change(&deployment)
        try save(deployment)
        return deployment
    }

    func save(_ deployment: Deployment) throws {
        try db.execute(
            sql: "UPDATE deployments SET state = ?, ended = ?, record = ? WHERE id = ?",
            arguments: [deployment.state.rawValue, deployment.state.isEnd, try DeployJSON.encode(deployment), deployment.id])
    }

    func deployment(_ id: Int) throws -> Deployment? {
        try deployments("SELECT record FROM deployments WHERE id = ?", [id]).first
    }

    func open() throws -> [Deployment] {
        try deployments("SELECT record FROM deployments WHERE ended = 0 ORDER BY id", [])
    }

    func history(limit: Int, before: Int?) throws -> [Deployment] {
        try deployments("SELECT record FROM deployments WHERE id < ? ORDER BY id DESC LIMIT ?", [before ?? Int.max, limit])
    }

    /// The deployments after one, oldest first.
    func since(_ id: Int) throws -> [Deployment] {
        try deployments("SELECT record FROM deployments WHERE id > ? ORDER BY id LIMIT 1000", [id])
    }

    func latest(of commit: CommitID) throws -> Deployment? {
        try deployments("SELECT record FROM deployments WHERE commit_id = ? ORDER BY id DESC LIMIT 1", [commit.hex]).first
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

    func append(_ decision: Decision, by caller: Caller, at: Timestamp) throws -> Int64 {
        try db.execute(
            sql: "INSERT INTO decisions (at, caller, decision) VALUES (?, ?, ?)",
            arguments: [at.description, try DeployJSON.encode(caller), try DeployJSON.encode(decision)])
        return db.lastInsertedRowID
    }

    func openDecisions() throws -> [OpenDecision] {
        try Row.fetchAll(db, sql: "SELECT id, at, caller, decision FROM decisions WHERE answer IS NULL ORDER BY id").map { row in
            OpenDecision(
                id: row["id"], decision: try DeployJSON.decode(Decision.self, from: row["decision"]),
                caller: try DeployJSON.decode(Caller.self, from: row["caller"]), at: Timestamp(row["at"] as String) ?? Clock.now)
        }
    }

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

/// Something that is so until it is changed.
struct Fact<Value>: Sendable {
    let name: String
}

extension Fact where Value == String {
    static var branch: Self { Fact(name: "branch") }
}

extension Fact where Value == CommitID {
    /// The branch's commit as last recorded.
    static var tip: Self { Fact(name: "tip") }
}

extension Fact where Value == StatusDocument.DeployedVersion {
    /// What the target is.
    static var running: Self { Fact(name: "running") }
    /// The last version whose check passed.
    static var good: Self { Fact(name: "good") }
}

extension Fact where Value == CalledOff {
    static var calledOff: Self { Fact(name: "called_off") }
}

extension Fact where Value == Hold {
    static var hold: Self { Fact(name: "hold") }
}
