internal import DeployModel
internal import DeploySteps
internal import GRDB
internal import LinuxSystem
internal import SystemPackage

/// Deployments, decisions and what holds between them, in `history.sqlite`: what is committed here has happened.
///
/// Records are JSON beside the few columns that are searched by, so that an older history stays readable when records grow. Write-ahead
/// log, synced at each commit.
final class HistoryStore: Sendable {
    private let pool: DatabasePool
    private let refused = Lock<String?>(nil)

    /// - Parameter used: the highest number of a deployment that anything on disk bears: a history that has been lost, or was put back from a
    ///   copy, goes on above it.
    init(path: String, numbersAbove used: Int = 0) throws(DeployError) {
        do {
            try Self.keepToRoot(path)
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

    /// Who answered what is not for the agent, who may read the directory that it lies in. What SQLite makes beside the file gets the file's mode;
    /// what an older daemon left has another.
    private static func keepToRoot(_ path: String) throws(Errno) {
        try Descriptor.open(path, [.readWrite, .create, .noFollow], mode: 0o600).setMode(0o600)
        for suffix in ["-wal", "-shm"] {
            do throws(Errno) {
                try Descriptor.open(path + suffix, [.readWrite, .noFollow]).setMode(0o600)
            } catch .noSuchFileOrDirectory {
                continue
            }
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
        migrator.registerMigration("rejections") { db in
            try db.execute(sql: "CREATE TABLE rejections (tree TEXT PRIMARY KEY, record BLOB NOT NULL)")
        }
        return migrator
    }

    /// Several changes that happen together or not at all.
    func write<Result: Sendable>(_ body: @Sendable (HistoryTransaction) throws -> Result) throws(DeployError) -> Result {
        do {
            return try pool.write { try body(HistoryTransaction(db: $0)) }
        } catch let error as DeployError {
            throw error
        } catch let error as RefusedChange {
            refused.withLock { $0 = error.message }
            throw .broken(error.message)
        } catch {
            throw .broken("the history cannot be written: \(error)")
        }
    }

    /// Whether this is what the last change was refused with that the record did not allow.
    func hasRefused(_ error: DeployError) -> Bool { refused.withLock { $0 } == error.message }

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
