import DeployModel
import TestSupport
import Testing

@testable import DeployService

/// The history refuses what the model excludes.
struct HistoryStoreTests {
    private let now = DeployModel.Timestamp(milliseconds: 1_700_000_000_000)
    private let commit = CommitID(String(repeating: "a", count: 40))!

    private func withHistory(_ body: (HistoryStore) throws -> Void) throws {
        try withTemporaryDirectory { try body(HistoryStore(path: $0 + "/history.sqlite")) }
    }

    @Test func `the history is for root's eyes, whatever an older daemon left`() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/history.sqlite"
            let files = [path, path + "-wal", path + "-shm"]
            for turn in 1...2 {
                let store = try HistoryStore(path: path)
                try store.write { try $0.apply([.insert(Deployment(id: turn, kind: .commit, commit: commit, detected: now))]) }
                let modes = try run("stat", ["-c", "%a"] + files).requireSuccess()
                #expect(modes.split(separator: "\n") == ["600", "600", "600"], "turn \(turn)")
                if turn == 1 { try run("chmod", ["644"] + files).requireSuccess() }
            }
        }
    }

    @Test func `a change to a state that cannot follow is refused loudly, with all that came with it`() throws {
        try withHistory { store in
            let one = Deployment(id: 1, kind: .commit, commit: commit, detected: now)
            try store.write { try $0.apply([.insert(one)]) }
            for state in DeploymentState.allCases where state != .detected && !DeploymentState.detected.successors.contains(state) {
                var wrong = one
                wrong.state = state
                let error = #expect(throws: DeployError.self) {
                    try store.write { [wrong] in try $0.apply([.tip(commit), .save(wrong)]) }
                }
                #expect(error?.message.contains("detected and cannot become \(state.rawValue)") == true)
            }
            let (there, tip) = try store.read { (try $0.deployment(1), try $0.fact(.tip)) }
            #expect(there == one && tip == nil)
            var testing = one
            testing.state = .testing
            try store.write { [testing] in try $0.apply([.save(testing), .save(testing)]) }
            #expect(try store.read { try $0.deployment(1)?.state } == .testing)
        }
    }

    @Test func `what has ended stays ended, but for the rollback of what was deployed`() throws {
        try withHistory { store in
            let path: [DeploymentState] = [.deploying, .reloading, .checking, .deployed, .rolledBack]
            var one = Deployment(id: 1, kind: .rollback(to: 1), commit: commit, detected: now)
            try store.write { [one] in try $0.apply([.insert(one)]) }
            for state in path {
                one.state = state
                try store.write { [one] in try $0.apply([.save(one)]) }
            }
            one.state = .deployed
            #expect(throws: DeployError.self) { try store.write { [one] in try $0.apply([.save(one)]) } }
            // What is added to its record is no change of state.
            one.state = .rolledBack
            one.unrecordedMoves = 1
            try store.write { [one] in try $0.apply([.save(one)]) }
        }
    }

    @Test func `long records come a few at a time, and each of them comes`() throws {
        try withHistory { store in
            try store.write { history in
                for id in 1...9 {
                    var long = Deployment(id: id, kind: .commit, commit: commit, detected: now)
                    long.reason = String(repeating: "x", count: 1 << 20)
                    try history.insert(long)
                }
            }
            var (seen, answers): ([Int], Int) = ([], 0)
            while true {
                let page = try store.read { [seen] in try $0.history(limit: 100, before: seen.last) }
                if page.isEmpty { break }
                #expect(page.count <= 3)
                seen += page.map(\.id)
                answers += 1
            }
            #expect(seen == (1...9).reversed() && answers == 3)
        }
    }

    @Test func `another commit that begins alike is found, and the same one is none`() throws {
        try withHistory { store in
            func insert(_ id: Int, _ commit: CommitID) throws {
                try store.write { try $0.insert(Deployment(id: id, kind: .commit, commit: commit, detected: now)) }
            }
            let other = try #require(CommitID(String(repeating: "a", count: 12) + String(repeating: "b", count: 28)))
            try insert(1, commit)
            try insert(2, commit)
            func found(_ digits: String) throws -> CommitID? { try store.read { try $0.commit(beginning: digits, but: commit) } }
            #expect(try found("aaaaaaa") == nil)
            try insert(3, other)
            #expect(try found("aaaaaaa") == other)
            #expect(try found("aaaaaaaaaaaa") == other)
            #expect(try found("aaaaaaaaaaaaa") == nil)
            #expect(try found(commit.hex) == nil)
        }
    }

    @Test func `no number is given twice, and none is recorded that was not given`() throws {
        try withTemporaryDirectory { root in
            func insert(_ store: HistoryStore) throws -> Int {
                try store.write { history in
                    let number = try history.nextNumber()
                    try history.insert(Deployment(id: number, kind: .commit, commit: commit, detected: now))
                    return number
                }
            }
            let store = try HistoryStore(path: root + "/history.sqlite")
            #expect(try [insert(store), insert(store)] == [1, 2])
            // What lies on disk bears a higher one.
            #expect(try insert(HistoryStore(path: root + "/history.sqlite", numbersAbove: 9)) == 10)
            for number in [7, 12] {
                let stranger = Deployment(id: number, kind: .commit, commit: commit, detected: now)
                #expect(throws: DeployError.self) { try store.write { try $0.save(stranger) } }
            }
            let again = Deployment(id: 2, kind: .commit, commit: commit, detected: now)
            #expect(throws: DeployError.self) { try store.write { try $0.insert(again) } }
        }
    }
}
