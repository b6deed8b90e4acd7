@testable import AdminWeb
import AdminInterface
import LinuxSystem
import Testing

/// Who gets a place, and how many.
struct DoorTests {
    private final class Connection {}

    private let agent: UInt32 = 990
    private let server = LoopbackEnd(address: "127.0.0.1", port: 8000)
    private let asked = Lock<[UInt32]>([])

    /// A door for which the port of a client's end is its user.
    private func door(places: Int) -> Door {
        let asked = asked
        return Door(agentUserID: agent, places: places) { client, _ in
            let uid = UInt32(client.port)
            asked.withLock { $0.append(uid) }
            return uid == 1 ? nil : uid
        }
    }

    private func refusal(_ door: Door, _ connection: Connection, uid: UInt32) -> Problem? {
        do throws(Problem) {
            try door.enter(ObjectIdentifier(connection), LoopbackEnd(address: "127.0.0.1", port: Int(uid)), server)
            return nil
        } catch { return error }
    }

    @Test func `neither the agent nor whoever cannot be told holds a place, however many try`() {
        let door = door(places: 4)
        let connections = (0..<20).map { _ in Connection() }
        for connection in connections {
            #expect(refusal(door, connection, uid: agent)?.message == "the agent does not get to see this page")
            #expect(refusal(door, connection, uid: 1)?.message == "it cannot be told whose connection this is")
            #expect(door.owner(of: ObjectIdentifier(connection)) == nil)
        }
        #expect(refusal(door, Connection(), uid: 7) == nil)
        do throws(Problem) {
            try door.enter(ObjectIdentifier(Connection()), nil, server)
            Issue.record("nobody was let in")
        } catch { #expect(error.kind == .forbidden) }
    }

    @Test func `however many places users take, the next one has some`() {
        let door = door(places: 512)
        var held: [Connection] = []
        var counts: [Int] = []
        for uid in UInt32(1000)..<1009 {
            var count = 0
            while true {
                let connection = Connection()
                guard refusal(door, connection, uid: uid) == nil else { break }
                held.append(connection)
                count += 1
            }
            counts.append(count)
        }
        #expect(counts == [256, 128, 64, 32, 16, 8, 4, 2, 1])
        #expect(refusal(door, Connection(), uid: 1000)?.kind == .busy)
    }

    @Test func `a place that is left is somebody's again, and whose a connection is was asked once`() {
        let door = door(places: 2)
        let (one, other) = (Connection(), Connection())
        #expect(refusal(door, one, uid: 7) == nil && refusal(door, other, uid: 7)?.kind == .busy)
        #expect(door.owner(of: ObjectIdentifier(one)) == 7 && door.owner(of: ObjectIdentifier(one)) == 7)
        #expect(asked.withLock { $0 } == [7, 7])
        // Of one that never had a place.
        door.leave(ObjectIdentifier(other))
        #expect(refusal(door, other, uid: 7)?.kind == .busy)
        door.leave(ObjectIdentifier(one))
        #expect(door.owner(of: ObjectIdentifier(one)) == nil && refusal(door, other, uid: 7) == nil)
    }

    @Test func `the kernel's answer about a socket says whose it is while somebody holds it`() {
        func answer(type: UInt8 = 20, state: UInt8 = 1, uid: UInt8 = 9, inode: UInt8 = 5, count: Int = 124) -> UInt32?? {
            var bytes = [UInt8](repeating: 0, count: count)
            for (index, byte) in [(4, type), (17, state), (80, uid), (84, inode)] where index < count { bytes[index] = byte }
            return SocketDiagnosis.socket(in: bytes).map(\.holder)
        }
        #expect(answer() == .some(9))
        #expect(answer(uid: 0) == .some(0))
        // Closed by its process, or a listener.
        #expect(answer(inode: 0) == .some(nil) && answer(state: 6) == .some(nil) && answer(state: 10) == .some(nil))
        // An error, or cut off.
        #expect(answer(type: 2) == .none && answer(count: 87) == .none && answer(count: 0) == .none)
    }
}
